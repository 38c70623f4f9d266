//! How fast the codec is, beside quick-xml's bare event loop and libxml2, over the same documents in one run.
//!
//! `cargo bench -p iwmo-codec` prints a table. Every contender reads the whole corpus, on one thread, several
//! times in turn; the best round counts, because everything else on the machine can only slow it down.
//!
//! A word after `--` measures only what has it in its name.
//!
//! - `IWMO_BENCH_MESSAGES`: how many messages of about 3 KiB there are (20,000).
//! - `IWMO_BENCH_PRODUCTS`: how many products the one large 301 holds (50,000).
//! - `IWMO_BENCH_ROUNDS`: how often each is measured (5).
#![expect(clippy::print_stdout, reason = "a bench is there to print")]

mod corpus;
mod libxml2;
mod memory;

use std::hint::black_box;
use std::time::{Duration, Instant};

use corpus::Document;
use iwmo_codec::{Message, Schemas};

fn setting(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// The schemas, with room for the large message.
fn schemas() -> Schemas {
    Schemas::bundled().with_bytes_max(BYTES_MAX)
}

/// 50,000 products take more than a gateway accepts unless it is told to.
const BYTES_MAX: usize = 256 * 1024 * 1024;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == memory::FLAG) {
        memory::child(&arguments[at + 1..]);
        return;
    }
    // `cargo test --benches` only asks whether it starts.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    let messages = setting("IWMO_BENCH_MESSAGES", 20_000);
    let products = setting("IWMO_BENCH_PRODUCTS", 50_000);
    let rounds = setting("IWMO_BENCH_ROUNDS", 5);
    let large = corpus::large(products);
    table(&format!("{messages} messages of all kinds"), &corpus::small(messages), rounds);
    table(&format!("one 301 with {products} products"), std::slice::from_ref(&large), rounds);
    for length in [100, 100_000] {
        let documents = corpus::comments(length, 20_000_000);
        table(&format!("301s with Commentaar of {length} characters"), &documents, rounds);
    }
    memory::table(&large, products);
}

/// What is measured, and the best time it took so far.
struct Contender<'d> {
    name: &'static str,
    run: Box<dyn FnMut() + 'd>,
    best: Duration,
}

fn contender<'d>(name: &'static str, run: impl FnMut() + 'd) -> Contender<'d> {
    Contender { name, run: Box::new(run), best: Duration::MAX }
}

fn table(title: &str, documents: &[Document], rounds: usize) {
    let schemas = schemas();
    let bytes: usize = documents.iter().map(|document| document.xml.len()).sum();
    let decoded: Vec<Message> = documents
        .iter()
        .map(|document| schemas.decode(&document.xml).unwrap_or_else(|report| panic!("{report:?}")))
        .collect();
    let written: usize = decoded.iter().map(|message| message.encode().len()).sum();
    let only = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    let mut libxml2 = match &only {
        Some(_) => Err("not asked for".to_owned()),
        None => libxml2::Harness::prepare(documents),
    };
    let mut contenders = vec![
        contender("validate (XML and schema)", || {
            for document in documents {
                assert!(black_box(schemas.validate_schema(&document.xml)).is_valid());
            }
        }),
        contender("validate (rules as well)", || {
            for document in documents {
                black_box(schemas.validate(&document.xml));
            }
        }),
        contender("decode", || {
            for document in documents {
                assert!(black_box(schemas.decode(&document.xml)).is_ok());
            }
        }),
        contender("encode", || {
            for message in &decoded {
                black_box(message.encode());
            }
        }),
        contender("quick-xml, bare events", || {
            for document in documents {
                events(&document.xml);
            }
        }),
        contender("quick-xml, with namespaces", || {
            for document in documents {
                resolved_events(&document.xml);
            }
        }),
    ];
    contenders.retain(|contender| only.as_ref().is_none_or(|only| contender.name.contains(only.as_str())));
    let mut theirs = Duration::MAX;
    for _ in 0..rounds {
        for contender in &mut contenders {
            let start = Instant::now();
            (contender.run)();
            contender.best = contender.best.min(start.elapsed());
        }
        if let Some(time) = libxml2.as_mut().ok().and_then(libxml2::Harness::run) {
            theirs = theirs.min(time);
        }
    }
    println!("\n{title}: {bytes} bytes, {} on average", bytes / documents.len());
    println!("{:<28} {:>9} {:>12} {:>9}", "", "MB/s", "messages/s", "x libxml2");
    let line = |name: &str, time: Duration, bytes: usize| {
        let rate = bytes as f64 / time.as_secs_f64() / 1e6;
        let messages = documents.len() as f64 / time.as_secs_f64();
        let factor = theirs.as_secs_f64() * rate / (bytes as f64 / 1e6);
        let factor = if theirs == Duration::MAX { "-".to_owned() } else { format!("{factor:.2}") };
        println!("{name:<28} {rate:>9.1} {messages:>12.0} {factor:>9}");
    };
    for contender in &contenders {
        line(contender.name, contender.best, if contender.name == "encode" { written } else { bytes });
    }
    match libxml2 {
        Ok(_) => line("libxml2, SAX and schema", theirs, bytes),
        Err(why) => println!("libxml2 is left out: {why}"),
    }
}

fn events(xml: &[u8]) {
    use quick_xml::events::Event;
    let mut reader = quick_xml::Reader::from_reader(xml);
    loop {
        match black_box(reader.read_event()) {
            Ok(Event::Eof) => return,
            Ok(_) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

fn resolved_events(xml: &[u8]) {
    use quick_xml::events::Event;
    let mut reader = quick_xml::NsReader::from_reader(xml);
    loop {
        match black_box(reader.read_resolved_event()) {
            Ok((_, Event::Eof)) => return,
            Ok(_) => {}
            Err(error) => panic!("{error}"),
        }
    }
}
