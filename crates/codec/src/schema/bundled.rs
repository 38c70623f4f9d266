//! The schemas that are part of the program.

use super::SchemaSource;

macro_rules! sources {
    ($($path:literal),+ $(,)?) => {
        &[$(SchemaSource { name: $path, text: include_str!(concat!("../../../../schemas/", $path)) }),+]
    };
}

/// Every bundled schema document.
pub(super) const SOURCES: &[SchemaSource<'static>] = sources![
    "iwmo/3.2/WMO301.xsd",
    "iwmo/3.2/WMO302.xsd",
    "iwmo/3.2/WMO305.xsd",
    "iwmo/3.2/WMO306.xsd",
    "iwmo/3.2/WMO307.xsd",
    "iwmo/3.2/WMO308.xsd",
    "iwmo/3.2/WMO315.xsd",
    "iwmo/3.2/WMO316.xsd",
    "iwmo/3.2/WMO317.xsd",
    "iwmo/3.2/WMO318.xsd",
    "iwmo/3.2/WMO319.xsd",
    "iwmo/3.2/WMO320.xsd",
    "iwmo/3.2/WMO323.xsd",
    "iwmo/3.2/WMO325.xsd",
    "iwmo/3.2/basisschema.xsd",
    "ieb/1.0/WMO401.xsd",
    "ieb/1.0/WMO402.xsd",
    "ieb/1.0/WMO403.xsd",
    "ieb/1.0/WMO404.xsd",
    "ieb/1.0/basisschema.xsd",
];

/// Returns the name and the release of a message by the namespace of its document element.
pub(crate) fn known_message(namespace: &str) -> Option<(&'static str, &'static str)> {
    MESSAGES.iter().find(|(known, ..)| *known == namespace).map(|&(_, message, release)| (message, release))
}

#[rustfmt::skip]
const MESSAGES: &[(&str, &str, &str)] = &[
    ("http://www.istandaarden.nl/iwmo/3_2/wmo301/schema", "WMO301", "iWmo 3.2"),
    ("http://www.istandaarden.nl/iwmo/3_2/wmo302/schema", "WMO302", "iWmo 3.2"),
    ("http://www.istandaarden.nl/iwmo/3_2/wmo305/schema", "WMO305", "iWmo 3.2"),
    ("http://www.istandaarden.nl/iwmo/3_2/wmo306/schema", "WMO306", "iWmo 3.2"),
    ("http://www.istandaarden.nl/iwmo/3_2/wmo307/schema", "WMO307", "iWmo 3.2"),
    ("http://www.istandaarden.nl/iwmo/3_2/wmo308/schema", "WMO308", "iWmo 3.2"),
    ("http://www.istandaarden.nl/iwmo/3_2/wmo315/schema", "WMO315", "iWmo 3.2"),
    ("http://www.istandaarden.nl/iwmo/3_2/wmo316/schema", "WMO316", "iWmo 3.2"),
    ("http://www.istandaarden.nl/iwmo/3_2/wmo317/schema", "WMO317", "iWmo 3.2"),
    ("http://www.istandaarden.nl/iwmo/3_2/wmo318/schema", "WMO318", "iWmo 3.2"),
    ("http://www.istandaarden.nl/iwmo/3_2/wmo319/schema", "WMO319", "iWmo 3.2"),
    ("http://www.istandaarden.nl/iwmo/3_2/wmo320/schema", "WMO320", "iWmo 3.2"),
    ("http://www.istandaarden.nl/iwmo/3_2/wmo323/schema", "WMO323", "iWmo 3.2"),
    ("http://www.istandaarden.nl/iwmo/3_2/wmo325/schema", "WMO325", "iWmo 3.2"),
    ("http://www.istandaarden.nl/ieb/1_0/wmo401/schema", "WMO401", "iEb 1.0"),
    ("http://www.istandaarden.nl/ieb/1_0/wmo402/schema", "WMO402", "iEb 1.0"),
    ("http://www.istandaarden.nl/ieb/1_0/wmo403/schema", "WMO403", "iEb 1.0"),
    ("http://www.istandaarden.nl/ieb/1_0/wmo404/schema", "WMO404", "iEb 1.0"),
];
