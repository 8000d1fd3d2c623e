//! Variants made on this machine by the function's own code, within the limits that it has on
//! Lambda: what is refused there is refused here.
//!
//! As in the function, as many images are worked on at once as there are processors, as far as the
//! memory goes. Deliberately absent: AWS and the network, the page that shows the variants, and
//! printing.

mod file;
mod originals;
mod refusal;
#[cfg(test)]
mod tests;

use std::io;
use std::num::NonZero;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use contract::framing::Framing;
use contract::keys::ImagePath;
use contract::settings::{Format, Variant};
use futures_util::stream::{self, StreamExt};
use imaging::engine::{self, Opened, Rendered, Rendering, Scratch};
use imaging::header::SourceFormat;
use imaging::limits::Limits;
use imaging::order::Order;
use imaging::watermark::Watermarks;
use lambda_fn::capacity::{Capacity, Processor, Reservation};
use serde::{Serialize, Serializer};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

pub(crate) use self::file::write_whole;
pub(crate) use self::originals::{Found, Original, find};
pub(crate) use self::refusal::Refusal;

/// The name of the page in the output folder.
pub(crate) const PAGE: &str = "index.html";

/// What all images under way may take together, unless a single one of the function may take more.
const MEMORY_BYTES: u64 = 2 << 30;

/// What to make, and where.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    pub(crate) variants: Arc<[Variant]>,
    /// What every original is taken to say of its composition.
    pub(crate) framing: Framing,
    pub(crate) watermarks: Arc<Watermarks>,
    pub(crate) limits: Limits,
    pub(crate) output: PathBuf,
}

/// What came of a run, image by image, in the order in which the originals were found.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Sheet {
    pub(crate) output: String,
    /// The page that shows it.
    pub(crate) page: String,
    pub(crate) images: Vec<Image>,
    pub(crate) totals: Totals,
    #[serde(skip)]
    pub(crate) variants: Arc<[Variant]>,
    /// When it was made, in UTC.
    #[serde(skip)]
    pub(crate) made_at: String,
}

/// An original and what came of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Image {
    pub(crate) file: String,
    #[serde(flatten)]
    pub(crate) outcome: ImageOutcome,
    /// Its path below the folder of each variant.
    #[serde(skip)]
    pub(crate) name: PathBuf,
    /// The original as seen from the page.
    #[serde(skip)]
    pub(crate) from_page: PathBuf,
}

#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum ImageOutcome {
    Made(Made),
    /// Why it has no variants.
    Failed {
        failed: String,
    },
}

/// The facts about an original that has variants.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Made {
    #[serde(serialize_with = "as_text")]
    pub(crate) format: SourceFormat,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) bytes: u64,
    /// In what the variants differ from what may be expected.
    pub(crate) warnings: Vec<String>,
    pub(crate) ms: Stages,
    pub(crate) variants: Vec<MadeVariant>,
}

/// As it is displayed.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn as_text<S: Serializer>(format: &SourceFormat, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(format)
}

/// Processor time in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Stages {
    pub(crate) decode: f64,
    pub(crate) resize: f64,
    pub(crate) encode: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct MadeVariant {
    pub(crate) folder: String,
    pub(crate) file: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) bytes: u64,
    pub(crate) content_type: &'static str,
    /// The part of the original that it shows.
    pub(crate) frame: Frame,
}

/// A part of an original, in shares of its width and height from the top left.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Frame {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// Sums over the images, where bytes are only of those that have variants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Totals {
    pub(crate) images: u64,
    pub(crate) failed: u64,
    /// Files of folders and globs that are no images.
    pub(crate) passed_over: u64,
    pub(crate) variants: u64,
    pub(crate) bytes: u64,
    pub(crate) variant_bytes: u64,
    /// From the first image to the last, in milliseconds.
    pub(crate) ms: u64,
}

impl Work {
    /// Refuses variants that this imgprep cannot make: its default build goes without AVIF, whose
    /// encoder takes longer to compile than most of the rest.
    pub(crate) fn check_formats(&self) -> Result<(), Refusal> {
        let in_avif = self.variants.iter().find(|variant| variant.format == Format::Avif);
        match in_avif {
            Some(Variant { folder, .. }) if !cfg!(feature = "avif") => {
                Err(Refusal::NoAvif { folder: folder.clone() })
            }
            _ => Ok(()),
        }
    }

    /// Where the page is that shows everything.
    pub(crate) fn page(&self) -> PathBuf {
        self.output.join(PAGE)
    }

    /// Renders all originals, and tells of each as it is finished. When the user asks to stop, what
    /// is under way is finished and nothing more is begun.
    pub(crate) async fn run(
        &self,
        found: Found,
        is_stopped: &(dyn Fn() -> bool + Sync),
        tell: &(dyn Fn(&str) + Sync),
    ) -> Result<Sheet, Refusal> {
        let started = Instant::now();
        let processors = thread::available_parallelism().map_or(1, NonZero::get);
        let capacity = Capacity::new(self.limits.max_memory.max(MEMORY_BYTES), processors);
        // Nothing is begun any more once a file could not be written.
        let is_broken = &AtomicBool::new(false);
        let rendered = stream::iter(found.originals.into_iter().enumerate())
            .take_while(|_| async { !is_stopped() && !is_broken.load(Ordering::Relaxed) })
            .map(|(index, original)| {
                let capacity = &capacity;
                async move {
                    let image = self.image(&original, capacity).await;
                    match &image {
                        Ok(image) => tell(&image.file),
                        Err(_) => is_broken.store(true, Ordering::Relaxed),
                    }
                    (index, image)
                }
            })
            .buffer_unordered(processors);
        let mut images: Vec<_> = rendered.collect().await;
        images.sort_by_key(|(index, _)| *index);
        let images: Vec<Image> =
            images.into_iter().map(|(_, image)| image).collect::<Result<_, _>>()?;
        Ok(Sheet {
            output: self.output.display().to_string(),
            page: self.page().display().to_string(),
            totals: Totals::of(&images, found.passed_over, started.elapsed()),
            images,
            variants: Arc::clone(&self.variants),
            made_at: contract::failure::utc(SystemTime::now()),
        })
    }

    /// One image, its variants written as they are finished.
    async fn image(&self, original: &Original, capacity: &Capacity) -> Result<Image, Refusal> {
        let output = originals::resolved(&self.output);
        let image = |outcome| Image {
            file: original.path.display().to_string(),
            outcome,
            name: original.name.clone(),
            from_page: file::relative(&output, &original.absolute),
        };
        let processor = capacity.processor().await;
        let (work, path, name) = (self.clone(), original.path.clone(), original.name.clone());
        let (capacity, runtime) = (capacity.clone(), Handle::current());
        // Whoever waits for memory holds none, and what holds it is at work on a thread of its own.
        let reserve = move |bytes| runtime.block_on(capacity.reserve(bytes));
        let made = spawn_blocking(move || work.make((&path, &name), processor, reserve)).await;
        // A panic is this image's failure.
        match made.unwrap_or_else(|error| Ok(Err(error.to_string())))? {
            Ok(made) => Ok(image(ImageOutcome::Made(made))),
            Err(failed) => Ok(image(ImageOutcome::Failed { failed })),
        }
    }

    /// Reads a file and makes its variants, on the memory that is reserved for them. The outer
    /// failure ends the run, the inner one is this image's.
    fn make(
        &self,
        (path, name): (&Path, &Path),
        mut processor: Processor,
        reserve: impl FnOnce(u64) -> Reservation,
    ) -> Result<Result<Made, String>, Refusal> {
        let bytes = match self.read(path) {
            Ok(bytes) => bytes,
            Err(why) => return Ok(Err(why)),
        };
        let variants = self.variants_of(name);
        let order =
            Order { framing: self.framing, watermarks: &self.watermarks, ..Order::of(&variants) };
        let opened = match engine::open(&bytes, order, &self.limits) {
            Ok(opened) => opened,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let _reservation = reserve(opened.memory_needed());
        let made = self.render(name, opened, &mut processor.scratch)?;
        Ok(made.map(|(rendering, made)| Made::new(&rendering, bytes.len() as u64, made)))
    }

    /// The variants of an original. Which folder of the bucket one is meant for that was found in no
    /// folder is not known, so that it has all.
    fn variants_of(&self, name: &Path) -> Vec<Variant> {
        let path = name.to_string_lossy().replace('\\', "/");
        let is_meant = |variant: &&Variant| !path.contains('/') || variant.takes(ImagePath(&path));
        self.variants.iter().filter(is_meant).cloned().collect()
    }

    /// The file, or why it is refused before it is opened.
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        let unreadable = |error: io::Error| format!("cannot be read: {error}");
        let size = std::fs::metadata(path).map_err(unreadable)?.len();
        self.limits.check_bytes(size).map_err(|error| error.to_string())?;
        std::fs::read(path).map_err(unreadable)
    }

    /// Renders and writes.
    fn render(
        &self,
        name: &Path,
        opened: Opened<'_>,
        scratch: &mut Scratch,
    ) -> Result<Result<(Rendering, Vec<MadeVariant>), String>, Refusal> {
        let mut made = Vec::with_capacity(self.variants.len());
        let mut unwritable = None;
        let rendering = opened.render(scratch, &mut |variant| match self.write(name, &variant) {
            Ok(variant) => {
                made.push(variant);
                ControlFlow::Continue(())
            }
            Err(refusal) => {
                unwritable = Some(refusal);
                ControlFlow::Break(())
            }
        });
        if let Some(refusal) = unwritable {
            return Err(refusal);
        }
        Ok(rendering.map(|rendering| (rendering, made)).map_err(|error| error.to_string()))
    }

    fn write(&self, name: &Path, variant: &Rendered) -> Result<MadeVariant, Refusal> {
        let name = Path::new(&variant.folder).join(name);
        write_whole(&self.output, &name, &variant.bytes)?;
        let path = self.output.join(name);
        Ok(MadeVariant {
            folder: variant.folder.clone(),
            file: path.display().to_string(),
            width: variant.width,
            height: variant.height,
            bytes: variant.bytes.len() as u64,
            content_type: variant.content_type,
            frame: Frame {
                left: variant.frame.left,
                top: variant.frame.top,
                width: variant.frame.width,
                height: variant.frame.height,
            },
        })
    }
}

impl Made {
    fn new(rendering: &Rendering, bytes: u64, variants: Vec<MadeVariant>) -> Self {
        Self {
            format: rendering.format,
            width: rendering.width,
            height: rendering.height,
            bytes,
            warnings: rendering.warnings(),
            ms: Stages {
                decode: milliseconds(rendering.decode),
                resize: milliseconds(rendering.resize),
                encode: milliseconds(rendering.encode),
            },
            variants,
        }
    }
}

impl Stages {
    pub(crate) fn total(self) -> Duration {
        Duration::from_secs_f64((self.decode + self.resize + self.encode) / 1000.0)
    }
}

impl Image {
    /// The facts, if it has variants.
    pub(crate) fn made(&self) -> Option<&Made> {
        match &self.outcome {
            ImageOutcome::Made(made) => Some(made),
            ImageOutcome::Failed { .. } => None,
        }
    }
}

impl Totals {
    fn of(images: &[Image], passed_over: usize, took: Duration) -> Self {
        let mut totals = Self {
            images: images.len() as u64,
            passed_over: passed_over as u64,
            ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            ..Self::default()
        };
        for image in images {
            let Some(made) = image.made() else {
                totals.failed += 1;
                continue;
            };
            totals.variants += made.variants.len() as u64;
            totals.bytes += made.bytes;
            totals.variant_bytes += made.variants.iter().map(|variant| variant.bytes).sum::<u64>();
        }
        totals
    }
}

/// To a tenth, as in the function's log.
fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e4).round() / 10.0
}
