//! Why a token is refused.

/// What is wrong with a token. The text is fit for `error_description`: it says nothing about keys, and
/// nothing that the token's bearer could not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// Longer than [`super::TOKEN_BYTES_MAX`].
    #[error("the token is too long")]
    TooLong,
    /// Not three parts of base64url that hold a header and claims in JSON.
    #[error("the token is malformed")]
    Malformed,
    /// Signed otherwise than with RS256, or not at all.
    #[error("the token is not signed with RS256")]
    Algorithm,
    /// A header that would bring its own key or asks for what nobody here understands.
    #[error("the token has a header that is not accepted")]
    Header,
    /// Another kind of token, such as an ID token.
    #[error("the token is of another kind")]
    Kind,
    /// Signed with a key that is not, or no longer, one of the ledger's.
    #[error("the token is signed with an unknown key")]
    UnknownKey,
    /// The signature is not the key's.
    #[error("the token's signature is wrong")]
    Signature,
    /// Issued by somebody else.
    #[error("the token has another issuer")]
    Issuer,
    /// Issued for somebody else.
    #[error("the token is for another audience")]
    Audience,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// Its time has not come.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// Revoked: itself, its session, its user, its app or the user's access.
    #[error("the token has been revoked")]
    Revoked,
}
