//! BMP: plain pixels by rows, run-length coded ones whole.
//!
//! The layout is that of Microsoft's documentation of `BITMAPINFOHEADER` and `BITMAPV5HEADER`, and of
//! OS/2's of the shorter and longer headers before them.

mod header;
mod runs;

use image::metadata::Orientation;

use self::header::{Coding, Info};
use crate::{
    error::RenderError,
    geometry::pixel_count,
    header::{Header, SourceFormat},
    reduce::{Layout, Reducer},
    rows::{BoxedRows, Rows},
};

const FORMAT: SourceFormat = SourceFormat::Bmp;

/// Two letters are little proof; the size of the header that follows is a small number. OS/2 allows its
/// second header to be cut off behind any of its fields.
pub(crate) fn matches(bytes: &[u8]) -> bool {
    bytes.starts_with(b"BM") && matches!(bytes.get(14..18), Some([12 | 16..=124, 0, 0, 0]))
}

pub(crate) fn open(bytes: &[u8]) -> Result<BoxedRows<'_>, RenderError> {
    let info = Info::read(bytes)?;
    let is_run_length_coded = matches!(info.coding, Coding::Runs8 | Coding::Runs4);
    let header = Header {
        format: FORMAT,
        width: info.width,
        height: info.height,
        orientation: Orientation::NoTransforms,
        layout: if info.has_alpha() { Layout::Rgba } else { Layout::Rgb },
        whole_bytes: if is_run_length_coded { pixel_count(info.width, info.height) } else { 0 },
        working_bytes: u64::from(info.width) * 4,
    };
    Ok(Box::new(Bmp { header, info }))
}

struct Bmp<'a> {
    header: Header,
    info: Info<'a>,
}

impl Rows for Bmp<'_> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn icc(&mut self) -> Option<Vec<u8>> {
        None
    }

    fn read(&mut self, reducer: &mut Reducer) -> Result<(), RenderError> {
        let indices = match self.info.coding {
            Coding::Runs8 | Coding::Runs4 => Some(runs::indices(&self.info)?),
            Coding::Plain => None,
        };
        reducer.skip(reducer.useless_rows());
        let mut pixels = Vec::with_capacity(self.header.width as usize * 4);
        while !reducer.is_complete() {
            let row = reducer.next_row();
            pixels.clear();
            if let Some(indices) = &indices {
                let start = row as usize * self.info.width as usize;
                let row = indices.get(start..).unwrap_or_default();
                let row = row.iter().take(self.info.width as usize);
                pixels.extend(row.flat_map(|&index| self.info.colour(u32::from(index))));
            } else {
                self.info
                    .unpack(row, &mut pixels)
                    .ok_or_else(|| RenderError::ends_early(FORMAT))?;
            }
            reducer.push_row(&pixels);
        }
        Ok(())
    }
}
