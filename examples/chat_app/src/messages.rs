//! Messages: each in a group, and in the organization of that group.

use serde::Serialize;
use uuid::Uuid;

use crate::store::Store;

/// A message as it is read.
#[derive(Debug, Serialize, sqlx::FromRow)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) org_id: String,
    pub(crate) group_id: String,
    pub(crate) sender_id: String,
    pub(crate) content: String,
    pub(crate) created_at: String,
}

/// A message to be kept.
#[derive(Debug)]
pub(crate) struct Draft<'a> {
    pub(crate) id: Uuid,
    /// The key of its charge: what was sent twice is kept once.
    pub(crate) charged: &'a str,
    pub(crate) org_id: Uuid,
    pub(crate) group_id: Uuid,
    pub(crate) sender_id: Uuid,
    pub(crate) content: &'a str,
}

impl Store {
    /// Keeps a message, or finds the one that was kept under the same charge.
    pub(crate) async fn keep(&self, draft: Draft<'_>) -> sqlx::Result<Message> {
        let insert = sqlx::query(
            "INSERT INTO messages (id, charged, org_id, group_id, sender_id, content) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (charged) DO NOTHING",
        );
        insert
            .bind(draft.id.to_string())
            .bind(draft.charged)
            .bind(draft.org_id.to_string())
            .bind(draft.group_id.to_string())
            .bind(draft.sender_id.to_string())
            .bind(draft.content)
            .execute(&self.0)
            .await?;
        let kept = sqlx::query_as(
            "SELECT id, org_id, group_id, sender_id, content, created_at FROM messages
             WHERE charged = $1",
        );
        kept.bind(draft.charged).fetch_one(&self.0).await
    }

    /// The messages of a group of this organization after one of them, oldest first.
    pub(crate) async fn messages(
        &self,
        org_id: Uuid,
        group_id: Uuid,
        after: Option<Uuid>,
        limit: u32,
    ) -> sqlx::Result<Vec<Message>> {
        let page = sqlx::query_as(
            "SELECT id, org_id, group_id, sender_id, content, created_at FROM messages
             WHERE org_id = $1 AND group_id = $2 AND number > coalesce((SELECT number FROM messages WHERE id = $3), 0)
             ORDER BY number LIMIT $4",
        );
        page.bind(org_id.to_string())
            .bind(group_id.to_string())
            .bind(after.map(|after| after.to_string()))
            .bind(limit)
            .fetch_all(&self.0)
            .await
    }
}
