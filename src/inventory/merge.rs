//! Sorted listings read side by side: the rows of a table that is never held.

use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::future::try_join_all;
use tokio::task::JoinSet;

use super::listing::{CALL, Listed, Page, Pages};
use crate::aws::AwsError;

/// One listing, with no more than two pages of it in memory: the one in use, and the next, which is
/// read meanwhile by a task that ends with the cursor.
pub(crate) struct Cursor<P> {
    pages: Arc<P>,
    /// What is left of the page in use.
    ahead: VecDeque<Listed>,
    /// Empty once the last page was read.
    coming: JoinSet<Result<Page, AwsError>>,
    /// The last path that is wanted, if not all are.
    last: Option<String>,
}

impl<P: Pages> Cursor<P> {
    /// Begins after this path.
    pub(crate) fn new(pages: P, after: String) -> Self {
        let (ahead, coming) = (VecDeque::new(), JoinSet::new());
        let mut cursor = Self { pages: Arc::new(pages), ahead, coming, last: None };
        cursor.read(after);
        cursor
    }

    /// Reads no page that is all behind this path.
    pub(crate) fn until(self, last: Option<String>) -> Self {
        Self { last, ..self }
    }

    /// Takes the next page if the one in use is used up. Pages without a path of ours are passed over.
    pub(crate) async fn fill(&mut self) -> Result<(), AwsError> {
        while self.ahead.is_empty() {
            let Some(page) = self.coming.join_next().await else { return Ok(()) };
            let page = page.map_err(|error| AwsError::request(CALL, error.to_string()))??;
            self.ahead = page.listed.into();
            let is_wanted = |next: &String| self.last.as_ref().is_none_or(|last| next < last);
            if let Some(next) = page.next.filter(is_wanted) {
                self.read(next);
            }
        }
        Ok(())
    }

    fn read(&mut self, after: String) {
        let pages = Arc::clone(&self.pages);
        self.coming.spawn(async move { pages.after(&after).await });
    }

    /// Whether `fill` has anything to do.
    fn is_due(&self) -> bool {
        self.ahead.is_empty() && !self.coming.is_empty()
    }

    /// The next object of a listing that is filled.
    pub(crate) fn head(&self) -> Option<&Listed> {
        self.ahead.front()
    }

    pub(crate) fn take(&mut self) -> Option<Listed> {
        self.ahead.pop_front()
    }

    fn take_path(&mut self, path: &str) -> Option<Listed> {
        if self.head()?.path == path { self.take() } else { None }
    }
}

/// What the folders hold under one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) path: String,
    pub(crate) original: Option<Listed>,
    /// In the order of the folders.
    pub(crate) variants: Vec<Option<Listed>>,
}

/// The listing of the originals against those of the variants' folders.
pub(crate) struct Merge<P> {
    originals: Cursor<P>,
    folders: Vec<Cursor<P>>,
}

impl<P: Pages> Merge<P> {
    pub(crate) fn new(originals: Cursor<P>, folders: Vec<Cursor<P>>) -> Self {
        Self { originals, folders }
    }

    /// The row of the next path that is in any folder.
    pub(crate) async fn next(&mut self) -> Result<Option<Row>, AwsError> {
        let cursors = std::iter::once(&mut self.originals).chain(&mut self.folders);
        let due: Vec<_> = cursors.filter(|cursor| cursor.is_due()).collect();
        if !due.is_empty() {
            try_join_all(due.into_iter().map(Cursor::fill)).await?;
        }
        let cursors = std::iter::once(&self.originals).chain(&self.folders);
        let heads = cursors.filter_map(|cursor| cursor.head());
        let Some(path) = heads.map(|head| head.path.as_str()).min().map(str::to_owned) else {
            return Ok(None);
        };
        let original = self.originals.take_path(&path);
        let variants = self.folders.iter_mut().map(|folder| folder.take_path(&path)).collect();
        Ok(Some(Row { path, original, variants }))
    }
}
