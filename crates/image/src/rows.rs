//! What every format's module gives for a file: its header, and the way to its rows.

use image::ImageDecoder;

use crate::{damage::Damage, error::RenderError, header::Header, reduce::Reducer};

/// A file whose header is read and whose pixels are not.
pub(crate) trait Rows {
    fn header(&self) -> &Header;

    /// The embedded colour profile. One that cannot be read is no reason to refuse the picture.
    fn icc(&mut self) -> Option<Vec<u8>>;

    /// Writes every row that the reducer keeps.
    fn read(&mut self, reducer: &mut Reducer) -> Result<(), RenderError>;

    /// What is wrong with the rows that were written. Most decoders refuse damaged files.
    fn damage(&self) -> Option<Damage> {
        None
    }
}

pub(crate) type BoxedRows<'a> = Box<dyn Rows + 'a>;

/// Hands on what a decoder makes in one piece, if it is as large as the header said.
pub(crate) fn read_whole(
    decoder: impl ImageDecoder,
    header: &Header,
    reducer: &mut Reducer,
) -> Result<(), RenderError> {
    if decoder.total_bytes() != header.whole_bytes {
        return Err(RenderError::broken(header.format, "its headers contradict each other"));
    }
    let size = usize::try_from(header.whole_bytes).unwrap_or(usize::MAX);
    let mut image = vec![0; size];
    decoder.read_image(&mut image).map_err(|error| RenderError::of_image(header.format, error))?;
    reducer.push_image(&image);
    Ok(())
}
