//! Sorted listings read side by side: the rows of a table that is never held.

use std::collections::VecDeque;

use futures_util::future::try_join_all;

use super::listing::{Listed, Pages};
use crate::aws::AwsError;

/// One listing, with no more than a page of it in memory.
pub(crate) struct Cursor<P> {
    pages: P,
    ahead: VecDeque<Listed>,
    /// The path that the next page begins after; `None`: the last page was read.
    next: Option<String>,
}

impl<P: Pages> Cursor<P> {
    /// Begins after this path.
    pub(crate) fn new(pages: P, after: String) -> Self {
        Self { pages, ahead: VecDeque::new(), next: Some(after) }
    }

    /// Reads on if the page is used up. Pages without a path of ours are passed over.
    pub(crate) async fn fill(&mut self) -> Result<(), AwsError> {
        while self.ahead.is_empty() {
            let Some(after) = self.next.take() else { return Ok(()) };
            let page = self.pages.after(&after).await?;
            self.ahead = page.listed.into();
            self.next = page.next;
        }
        Ok(())
    }

    /// Whether `fill` has anything to do.
    fn is_due(&self) -> bool {
        self.ahead.is_empty() && self.next.is_some()
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
        // In most buckets all folders come to the end of a page together, so they read together.
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
