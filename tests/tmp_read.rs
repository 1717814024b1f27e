#[path = "it/read/mod.rs"]
mod read;
#[path = "it/support"]
mod support {
    pub(crate) mod history;
}
