//! Answers of a server that may be anything, up to a length.

use reqwest::Response;

/// The body, if it is no longer than `max` bytes.
pub(super) async fn bounded(mut response: Response, max: usize) -> Result<Option<Vec<u8>>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > max {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}
