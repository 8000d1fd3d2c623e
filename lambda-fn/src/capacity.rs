//! How much is worked on at once: bytes of memory, and images per processor.
//!
//! No job waits for memory while it holds some, so no two can wait for each other: one that turns
//! out to need more than it has takes what is free at once, or gives back all it holds and asks for
//! the whole.

use std::{
    mem,
    num::NonZero,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use imaging::{engine::Scratch, limits::Limits};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Memory is counted in these, so that the ten gigabytes of the largest function fit a `u32`.
const UNIT_BYTES: u64 = 1024;

/// What the images under way may take together. It outlasts invocations, for what an invocation
/// that ran out of time leaves behind still takes it.
#[derive(Clone, Debug)]
pub struct Capacity {
    memory: Arc<Semaphore>,
    memory_units: u32,
    processors: Arc<Semaphore>,
    places: Arc<Semaphore>,
    /// Of the processors that nobody uses at the moment.
    scratches: Arc<Mutex<Vec<Scratch>>>,
}

impl Capacity {
    /// All memory that the limits allow, and all processors.
    pub fn of_this_machine(limits: &Limits) -> Self {
        let processors = thread::available_parallelism().map_or(1, NonZero::get);
        Self::new(limits.max_memory, processors)
    }

    /// This many bytes and CPU jobs at once.
    pub fn new(memory_bytes: u64, processors: usize) -> Self {
        let memory_units = units(memory_bytes);
        Self {
            memory: Arc::new(Semaphore::new(memory_units as usize)),
            memory_units,
            processors: Arc::new(Semaphore::new(processors)),
            // One more than can be rendered: the next is fetched meanwhile. More would only fill
            // the memory that those which are rendered need.
            places: Arc::new(Semaphore::new(processors + 1)),
            scratches: Arc::default(),
        }
    }

    /// Waits until another image may be begun.
    pub async fn place(&self) -> Permit {
        Permit::of(&self.places).await
    }

    /// Waits for a processor.
    pub async fn processor(&self) -> Processor {
        let permit = Permit::of(&self.processors).await;
        let mut unused = self.scratches.lock().unwrap_or_else(PoisonError::into_inner);
        let scratch = unused.pop().unwrap_or_default();
        Processor { scratch, scratches: Arc::clone(&self.scratches), _permit: permit }
    }

    /// Waits for this much memory, at most all there is. Whoever waits must hold none.
    pub async fn reserve(&self, bytes: u64) -> Reservation {
        let wanted = units(bytes).clamp(1, self.memory_units.max(1));
        let permit = Arc::clone(&self.memory).acquire_many_owned(wanted).await;
        Reservation { memory: Arc::clone(&self.memory), permit: permit.ok() }
    }
}

fn units(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(u32::MAX)
}

/// A processor, until it is dropped, with the buffers that CPU jobs leave to each other.
#[derive(Debug)]
pub struct Processor {
    pub scratch: Scratch,
    scratches: Arc<Mutex<Vec<Scratch>>>,
    _permit: Permit,
}

impl Drop for Processor {
    fn drop(&mut self) {
        let mut unused = self.scratches.lock().unwrap_or_else(PoisonError::into_inner);
        unused.push(mem::take(&mut self.scratch));
    }
}

/// A place, until it is dropped.
#[derive(Debug)]
pub struct Permit {
    /// Always there: no semaphore is ever closed.
    _permit: Option<OwnedSemaphorePermit>,
}

impl Permit {
    async fn of(semaphore: &Arc<Semaphore>) -> Self {
        Self { _permit: Arc::clone(semaphore).acquire_owned().await.ok() }
    }
}

/// Memory that nobody else uses, until it is dropped.
#[derive(Debug)]
pub struct Reservation {
    memory: Arc<Semaphore>,
    /// Always there, as above.
    permit: Option<OwnedSemaphorePermit>,
}

impl Reservation {
    /// How much it is.
    pub fn bytes(&self) -> u64 {
        u64::from(self.units()) * UNIT_BYTES
    }

    /// Makes it this large if that is possible now, and tells whether it is.
    pub fn grow_to(&mut self, bytes: u64) -> bool {
        let more = units(bytes).saturating_sub(self.units());
        if more == 0 {
            return true;
        }
        let grown = Arc::clone(&self.memory).try_acquire_many_owned(more);
        match (grown, &mut self.permit) {
            (Ok(grown), Some(permit)) => permit.merge(grown),
            _ => return false,
        }
        true
    }

    /// Gives back what is more than this.
    pub fn shrink_to(&mut self, bytes: u64) {
        let less = self.units().saturating_sub(units(bytes));
        let split = self.permit.as_mut().and_then(|permit| permit.split(less as usize));
        drop(split);
    }

    fn units(&self) -> u32 {
        let held = self.permit.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        u32::try_from(held).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn reserved(capacity: &Capacity, bytes: u64) -> Option<Reservation> {
        capacity.reserve(bytes).now_or_never()
    }

    #[test]
    fn memory_is_given_out_once() {
        let capacity = Capacity::new(10 * UNIT_BYTES, 1);
        let first = reserved(&capacity, 6 * UNIT_BYTES).unwrap();
        assert!(reserved(&capacity, 5 * UNIT_BYTES).is_none());
        let second = reserved(&capacity, 4 * UNIT_BYTES - 1).unwrap();
        assert_eq!((first.bytes(), second.bytes()), (6 * UNIT_BYTES, 4 * UNIT_BYTES));
        drop(first);
        assert!(reserved(&capacity, 5 * UNIT_BYTES).is_some());
    }

    #[test]
    fn a_reservation_grows_only_into_what_is_free() {
        let capacity = Capacity::new(10 * UNIT_BYTES, 1);
        let mut first = reserved(&capacity, UNIT_BYTES).unwrap();
        let mut second = reserved(&capacity, UNIT_BYTES).unwrap();
        assert!(first.grow_to(8 * UNIT_BYTES));
        assert!(!second.grow_to(4 * UNIT_BYTES));
        assert_eq!(second.bytes(), UNIT_BYTES, "it keeps what it has");
        assert!(second.grow_to(2 * UNIT_BYTES) && second.grow_to(1));
        first.shrink_to(3 * UNIT_BYTES);
        assert_eq!(first.bytes(), 3 * UNIT_BYTES);
        assert!(second.grow_to(7 * UNIT_BYTES));
        first.shrink_to(100 * UNIT_BYTES);
        assert_eq!(first.bytes(), 3 * UNIT_BYTES);
    }

    #[test]
    fn more_than_all_is_all() {
        let capacity = Capacity::new(10 * UNIT_BYTES, 1);
        assert_eq!(reserved(&capacity, u64::MAX).unwrap().bytes(), 10 * UNIT_BYTES);
        assert_eq!(reserved(&capacity, 0).unwrap().bytes(), UNIT_BYTES);
    }

    #[test]
    fn one_image_more_is_begun_than_can_be_rendered() {
        let capacity = Capacity::new(UNIT_BYTES, 2);
        let places: Vec<_> = (0..3).map(|_| capacity.place().now_or_never().unwrap()).collect();
        assert!(capacity.place().now_or_never().is_none());
        drop(places);
        let processors: Vec<_> =
            (0..2).map(|_| capacity.processor().now_or_never().unwrap()).collect();
        assert!(capacity.processor().now_or_never().is_none());
        drop(processors);
    }
}
