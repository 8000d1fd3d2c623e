//! One original on a processor, and its variants on their way to the bucket as they are finished.

use std::{ops::ControlFlow, sync::Arc};

use contract::{framing::Framing, settings::Variant};
use futures_util::future::join;
use imaging::{
    engine::{self, Rendered, Rendering, Scratch},
    error::RenderError,
    limits::Limits,
    order::Order,
    watermark::Watermarks,
};
use tokio::{
    sync::mpsc::{self, Sender},
    task::spawn_blocking,
};

use super::{publishing::Published, report::Report, run::Run, verdict::Setback};
use crate::{capacity::Reservation, log::Log, panics, store::Store};

/// Everything that rendering an original takes along to its thread.
pub(super) struct Job {
    pub(super) key: String,
    pub(super) request_id: String,
    /// The file.
    pub(super) original: Vec<u8>,
    pub(super) wanted: Vec<Variant>,
    pub(super) framing: Framing,
    /// Whether it is to be known what to show until a variant is loaded.
    pub(super) placeholder: bool,
    pub(super) limits: Limits,
    pub(super) watermarks: Arc<Watermarks>,
    /// The memory that it may take: it goes with the job, which may outlast the invocation.
    pub(super) reservation: Reservation,
}

/// What came of a job.
pub(super) enum Finished {
    Rendered(Rendering),
    /// The original can never be rendered.
    Refused(RenderError),
    /// It would take more memory than is free. Nothing was made.
    NeedsRoom(u64),
}

impl<S: Store, L: Log> Run<'_, S, L> {
    /// Runs a job on a thread of its own, and writes each variant while the next one is made.
    pub(super) async fn render_and_upload(
        &self,
        report: &Report,
        key: &str,
        job: Job,
    ) -> Result<(Finished, Published), Setback> {
        // There is a place for every variant, so that rendering never waits for the network.
        let (sender, receiver) = mpsc::channel(job.wanted.len().max(1));
        let mut processor = self.capacity.processor().await;
        let job = spawn_blocking(move || {
            let finished = job.run(&mut processor.scratch, &sender);
            drop(processor);
            finished
        });
        let (finished, published) = join(job, self.publish_all(report, key, receiver)).await;
        let published = published?;
        match finished {
            // What is left of the reservation covered the uploads.
            Ok((finished, _reservation)) => Ok((finished, published)),
            Err(error) => match error.try_into_panic() {
                Ok(payload) => Err(Setback::panicked(payload.as_ref())),
                Err(error) => Err(Setback::Panicked(error.to_string())),
            },
        }
    }
}

impl Job {
    /// Renders, and leaves of the reservation what the finished variants take.
    fn run(self, scratch: &mut Scratch, sender: &Sender<Rendered>) -> (Finished, Reservation) {
        let Self {
            key,
            request_id,
            original,
            wanted,
            framing,
            placeholder,
            limits,
            watermarks,
            mut reservation,
        } = self;
        let mut finished_bytes = 0;
        let finished = panics::concerning(&key, &request_id, || {
            let order = Order { variants: &wanted, framing, placeholder, watermarks: &watermarks };
            let opened = match engine::open(&original, order, &limits) {
                Ok(opened) => opened,
                Err(error) => return Finished::Refused(error),
            };
            if !reservation.grow_to(opened.memory_needed()) {
                return Finished::NeedsRoom(opened.memory_needed());
            }
            let render = opened.render(scratch, &mut |rendered| {
                finished_bytes += rendered.bytes.len() as u64;
                // Nobody takes them any more if an upload failed or the time was over.
                match sender.try_send(rendered) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(_) => ControlFlow::Break(()),
                }
            });
            render.map_or_else(Finished::Refused, Finished::Rendered)
        });
        drop(original);
        reservation.shrink_to(finished_bytes);
        (finished, reservation)
    }
}
