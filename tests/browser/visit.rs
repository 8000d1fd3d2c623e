//! One visit to the page: a browser of its own, and files to pick.

use std::path::PathBuf;

use image::{ImageFormat, Rgb, RgbImage};
use tempfile::TempDir;

use crate::site::Site;
use crate::webdriver::{Browser, Driver};

/// The quarters of the photo that tests pick: top left, top right, bottom left, bottom right.
pub(crate) const QUARTERS: [[u8; 3]; 4] =
    [[200, 40, 40], [40, 160, 60], [50, 70, 200], [230, 200, 60]];

/// Somebody with a browser on the page, and with files.
pub(crate) struct Visit<'a> {
    pub(crate) browser: Browser<'a>,
    files: TempDir,
}

impl<'a> Visit<'a> {
    pub(crate) async fn new(site: &Site, driver: &'a Driver) -> Self {
        let browser = driver.browser().await;
        browser.look(1280, "light").await;
        browser.open(&site.url).await;
        Self { browser, files: tempfile::tempdir().unwrap() }
    }

    /// A file on the visitor's machine.
    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.files.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// Picks a file in the page's dialog.
    pub(crate) async fn pick(&self, name: &str, bytes: &[u8]) {
        let path = self.file(name, bytes);
        self.browser.keys("#file", path.to_str().unwrap()).await;
    }

    /// Waits until the page is in a state.
    pub(crate) async fn reaches(&self, state: &str) {
        self.browser
            .until(&format!("document.querySelector('main').dataset.state === '{state}'"))
            .await;
    }

    /// Waits until the page tells of an error, and says which.
    pub(crate) async fn error(&self) -> String {
        self.browser.until("document.getElementById('error').textContent").await;
        self.browser.text("#error").await
    }

    /// Clicks the button with which the upload begins.
    pub(crate) async fn upload(&self) {
        self.browser.click("form button:not(.again)").await;
    }
}

/// A photo in four colours, twice as wide as it is high.
pub(crate) fn quarters() -> Vec<u8> {
    const SIZE: (u32, u32) = (1800, 900);
    let picture = RgbImage::from_fn(SIZE.0, SIZE.1, |x, y| {
        let quarter = usize::from(x >= SIZE.0 / 2) + 2 * usize::from(y >= SIZE.1 / 2);
        Rgb(QUARTERS[quarter])
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

/// Which of the photo's quarters has the colour that is nearest to this one.
pub(crate) fn quarter_of(colour: [u8; 3]) -> usize {
    let distance = |other: &[u8; 3]| -> u32 {
        let parts = colour.iter().zip(other);
        parts.map(|(one, other)| u32::from(one.abs_diff(*other)).pow(2)).sum()
    };
    (0..4).min_by_key(|quarter| distance(&QUARTERS[*quarter])).unwrap()
}
