//! A fixture with values replaced and elements removed or repeated, as the bytes say: what is still valid must
//! come out of encoder and JSON as it went in.
#![no_main]

use iwmo_codec::{Message, Schemas};
use libfuzzer_sys::fuzz_target;

const FIXTURES: &[&str] = &[
    include_str!("../../../../fixtures/valid/WMO301.xml"),
    include_str!("../../../../fixtures/valid/WMO302.xml"),
    include_str!("../../../../fixtures/valid/WMO305.xml"),
    include_str!("../../../../fixtures/valid/WMO307.xml"),
    include_str!("../../../../fixtures/valid/WMO315.xml"),
    include_str!("../../../../fixtures/valid/WMO317.xml"),
    include_str!("../../../../fixtures/valid/WMO319.xml"),
    include_str!("../../../../fixtures/valid/WMO323.xml"),
    include_str!("../../../../fixtures/valid/WMO325.xml"),
    include_str!("../../../../fixtures/valid/WMO401.xml"),
    include_str!("../../../../fixtures/valid/WMO403.xml"),
    include_str!("../../../../fixtures/valid/WMO404.xml"),
];

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\r', "&#13;")
}

/// One change: what, which line, and a text that ends at the next zero.
fn change<'d>(lines: &mut Vec<String>, data: &'d [u8]) -> Option<&'d [u8]> {
    let [what, at, rest @ ..] = data else { return None };
    let end = rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len());
    let text = String::from_utf8_lossy(&rest[..end]).into_owned();
    let at = 2 + usize::from(*at) % (lines.len() - 3);
    match what % 4 {
        0 => drop(lines.remove(at)),
        1 => lines.insert(at, lines[at].clone()),
        _ => {
            let line = &lines[at];
            if let Some((start, end)) =
                line.find('>').zip(line.rfind("</")).filter(|(start, end)| start < end)
            {
                let line = format!("{}{}{}", &line[..=start], escape(&text), &line[end..]);
                lines[at] = line;
            }
        }
    }
    rest.get(end + 1..).filter(|rest| !rest.is_empty() && lines.len() > 8)
}

fuzz_target!(|data: &[u8]| {
    let Some((which, mut rest)) = data.split_first() else { return };
    let fixture = FIXTURES[usize::from(*which) % FIXTURES.len()];
    let mut lines: Vec<String> = fixture.lines().map(str::to_owned).collect();
    while let Some(next) = change(&mut lines, rest) {
        rest = next;
    }
    let schemas = Schemas::bundled();
    let xml = lines.join("\n");
    let Ok(message) = schemas.decode(xml.as_bytes()) else { return };
    let written = message.encode();
    let again = schemas.decode(&written).expect("what we write is valid");
    assert_eq!(again, message);
    assert_eq!(again.encode(), written);
    let json = Message::from_json(&message.to_json()).expect("what we write is JSON of ours");
    assert_eq!(json, message);
    assert_eq!(json.encode(), written);
});
