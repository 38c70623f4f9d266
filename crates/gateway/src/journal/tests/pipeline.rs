//! When a batch is handed over.

use std::ops::ControlFlow;

use super::*;

/// A batch of one entry.
struct One;

impl Load for One {
    fn encode(&mut self, encoder: &mut Encoder) -> Result<Encoded, AppendError> {
        encoder.encode(&[(chain("0363"), &[draft(b"one")])])
    }
}

/// Waits for nothing.
struct Deaf;

impl Conclude<One> for Deaf {
    fn conclude(&mut self, _: One, _: Fate<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

#[test]
fn an_idle_disk_is_given_what_there_is_and_a_busy_one_what_is_worth_it() {
    let disk = SimulatedDisk::new(1);
    let mut pipeline = Pipeline::new(open(&disk).unwrap(), Deaf, || {});
    let wants = |pipeline: &Pipeline<One>| [0, 7, 8, 31, 32].map(|entries| pipeline.wants(entries));
    assert_eq!(wants(&pipeline), [false, false, true, true, true]);
    pipeline.give(0, One);
    assert_eq!(wants(&pipeline), [false, false, false, false, true]);
    // One is written, one waits for it: there is time to fill the next.
    pipeline.give(0, One);
    assert_eq!(wants(&pipeline), [false; 5]);
    pipeline.drain();
    assert_eq!(wants(&pipeline), [false, false, true, true, true]);
}
