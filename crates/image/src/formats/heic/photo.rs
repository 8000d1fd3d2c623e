//! A file as a picture: its header, and its rows in eight or sixteen bits.

use super::{
    FORMAT,
    chroma::{Colours, Upsampler},
    coded::Item,
    colours::{Conversion, Description, Output},
    container::Container,
    hevc::Sampling,
    mosaic::{Channel, Mosaic},
    turns::{self, Placed, Window},
};
use crate::{
    damage::Damage,
    error::RenderError,
    header::Header,
    reduce::{Layout, Reducer},
    rows::Rows,
};

/// A file whose header is read.
pub(super) struct Photo<'a> {
    header: Header,
    /// The part of it that is shown.
    window: Window,
    colours: Mosaic<'a>,
    conversion: Conversion,
    alpha: Option<Alpha<'a>>,
    icc: Option<&'a [u8]>,
    description: Description,
}

/// How opaque a picture is: a picture of its own, which may be coarser.
struct Alpha<'a> {
    mosaic: Mosaic<'a>,
    /// Whether colours were darkened by it before they were coded.
    is_premultiplied: bool,
}

impl<'a> Photo<'a> {
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, RenderError> {
        let container = Container::read(bytes)?;
        let item = Item::resolve(&container, container.primary)?;
        let coded = item.coded(&container)?;
        let Placed { window, orientation } = turns::place(coded.size, &item.properties.turns)?;
        let sequence = coded.sequence;
        let description = item.properties.colours.or(sequence.colours);
        let description = description.unwrap_or(Description::UNSAID);
        let conversion = Conversion::new(description, &sequence)?;
        let colours = Mosaic::new(coded, 1 << (sequence.depth - 1));
        let alpha = Alpha::find(&container, &item)?;
        let layout = match (sequence.sampling, &alpha) {
            (Sampling::Grey, None) => Layout::Grey,
            (Sampling::Grey, Some(_)) => Layout::GreyAlpha,
            (_, None) => Layout::Rgb,
            (_, Some(_)) => Layout::Rgba,
        };
        let alpha_bytes = alpha.as_ref().map_or(0, |alpha| alpha.mosaic.working_bytes());
        let row_bytes = ROW_BYTES * u64::from(colours.size().0);
        let working_bytes =
            colours.working_bytes().saturating_add(alpha_bytes).saturating_add(row_bytes);
        let header = Header {
            format: FORMAT,
            width: window.width,
            height: window.height,
            orientation,
            layout,
            whole_bytes: 0,
            working_bytes,
        };
        let icc = item.properties.icc;
        Ok(Self { header, window, colours, conversion, alpha, icc, description })
    }
}

/// Bytes of a pixel in all rows that are on their way: brightness, alpha, the colours as stored, two
/// rows of them widened and one blended, in four bytes each; which column of alpha is its own; and four
/// channels of the finished row in two bytes each.
const ROW_BYTES: u64 = 4 * (1 + 1 + 1 + 4 + 2) + 8 + 4 * 2;

impl<'a> Alpha<'a> {
    /// The auxiliary picture of an item that says how opaque it is.
    fn find(container: &Container<'a>, item: &Item<'a>) -> Result<Option<Self>, RenderError> {
        for id in container.sources(item.shown_as, *b"auxl")? {
            let auxiliary = Item::resolve(container, id)?;
            if auxiliary.properties.is_alpha() {
                let coded = auxiliary.coded(container)?;
                let opaque = (1 << coded.sequence.depth) - 1;
                let premultiplied_by = container.targets(item.shown_as, *b"prem")?;
                return Ok(Some(Self {
                    mosaic: Mosaic::new(coded, opaque),
                    is_premultiplied: premultiplied_by.contains(&id),
                }));
            }
        }
        Ok(None)
    }
}

impl Rows for Photo<'_> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn icc(&mut self) -> Option<Vec<u8>> {
        self.icc.map(<[u8]>::to_vec).or_else(|| self.description.icc())
    }

    fn read(&mut self, reducer: &mut Reducer) -> Result<(), RenderError> {
        const EIGHT_BITS: u32 = 8;
        let is_deep = self.colours.sequence().depth > EIGHT_BITS;
        match (self.header.layout, is_deep) {
            (Layout::Grey, false) => self.read_as::<u8, 1>(reducer),
            (Layout::Grey, true) => self.read_as::<u16, 1>(reducer),
            (Layout::GreyAlpha, false) => self.read_as::<u8, 2>(reducer),
            (Layout::GreyAlpha, true) => self.read_as::<u16, 2>(reducer),
            (Layout::Rgb, false) => self.read_as::<u8, 3>(reducer),
            (Layout::Rgb, true) => self.read_as::<u16, 3>(reducer),
            (_, false) => self.read_as::<u8, 4>(reducer),
            (_, true) => self.read_as::<u16, 4>(reducer),
        }
    }

    fn damage(&self) -> Option<Damage> {
        let alpha = self.alpha.as_ref().and_then(|alpha| alpha.mosaic.damage());
        self.colours.damage().or(alpha)
    }
}

impl Photo<'_> {
    fn read_as<T: Output, const CHANNELS: usize>(
        &mut self,
        reducer: &mut Reducer,
    ) -> Result<(), RenderError> {
        let Window { left, top, width, height } = self.window;
        let columns = left as usize..(left + width) as usize;
        let factors = self.conversion.factors::<T>();
        let mut upsampler = Upsampler::new(&self.colours);
        let (mut luma, mut colours) = (Vec::new(), Colours::default());
        let mut pixels = vec![[T::default(); CHANNELS]; self.colours.size().0 as usize];
        let mut opacity = self.alpha.as_mut().map(|alpha| Opacity::new(alpha, &self.colours));
        for row in top..top + height {
            if self.colours.sequence().sampling == Sampling::Grey {
                self.colours.read_row(Channel::Luma, row, &mut luma)?;
                factors.write_greys(&luma, &mut pixels);
            } else {
                upsampler.read_row(&mut self.colours, row, &mut luma, &mut colours)?;
                factors.write_colours(&luma, &colours, &mut pixels);
            }
            if let Some(opacity) = &mut opacity {
                opacity.apply(row, &mut pixels)?;
            }
            let shown = pixels.get(columns.clone()).unwrap_or_default();
            reducer.push_row(shown.as_flattened());
        }
        Ok(())
    }
}

/// The way from the rows of alpha to the last channel of pixels.
struct Opacity<'m, 'a> {
    alpha: &'m mut Alpha<'a>,
    /// Rows of the picture.
    rows: u32,
    /// For each column of the picture, that of alpha.
    columns: Vec<usize>,
    samples: Vec<i32>,
}

impl<'m, 'a> Opacity<'m, 'a> {
    fn new(alpha: &'m mut Alpha<'a>, colours: &Mosaic<'_>) -> Self {
        let (width, rows) = colours.size();
        let (stored, _) = alpha.mosaic.size();
        let columns = (0..width).map(|column| scaled(column, width, stored) as usize).collect();
        Self { alpha, rows, columns, samples: Vec::new() }
    }

    fn apply<T: Output, const CHANNELS: usize>(
        &mut self,
        row: u32,
        pixels: &mut [[T; CHANNELS]],
    ) -> Result<(), RenderError> {
        let (_, stored) = self.alpha.mosaic.size();
        let row = scaled(row, self.rows, stored);
        self.alpha.mosaic.read_row(Channel::Luma, row, &mut self.samples)?;
        let largest = (1_u64 << self.alpha.mosaic.sequence().depth) - 1;
        let pixels = pixels.iter_mut().filter_map(|pixel| pixel.split_last_mut());
        for ((alpha, colours), &column) in pixels.zip(&self.columns) {
            let sample = self.samples.get(column).copied().unwrap_or_default();
            let opaque = u64::from(T::MAX);
            let value = (u64::from(sample.unsigned_abs()) * opaque + largest / 2) / largest;
            *alpha = T::nearest(i32::try_from(value).unwrap_or(i32::MAX));
            if self.alpha.is_premultiplied {
                for colour in colours {
                    let visible: u32 = (*colour).into();
                    let whole = (u64::from(visible) * opaque + value / 2).checked_div(value);
                    let whole = whole.unwrap_or_default().min(opaque);
                    *colour = T::nearest(i32::try_from(whole).unwrap_or(i32::MAX));
                }
            }
        }
        Ok(())
    }
}

/// The place on a side of other length.
fn scaled(place: u32, side: u32, other: u32) -> u32 {
    let place = (u64::from(place) * u64::from(other)).checked_div(side.into()).unwrap_or_default();
    u32::try_from(place).unwrap_or(u32::MAX)
}
