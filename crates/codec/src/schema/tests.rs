//! Schemas as a whole: what compiles, and what is refused with a reason.

use super::*;

const XS: &str = r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:t" targetNamespace="urn:t" elementFormDefault="qualified">"#;

fn refusal(body: &str) -> SchemaError {
    let text = format!("{XS}\n{body}\n</xs:schema>");
    Schemas::load(&[SchemaSource { name: "t.xsd", text: &text }]).unwrap_err()
}

#[test]
fn the_bundled_schemas_compile() {
    let schemas = Schemas::bundled();
    let tables = schemas.tables();
    for (namespace, name) in
        [("iwmo/3_2/wmo301", "Bericht"), ("iwmo/3_2/wmo325", "Bericht"), ("ieb/1_0/wmo404", "Bericht")]
    {
        let uri = format!("http://www.istandaarden.nl/{namespace}/schema");
        assert!(tables.global(tables.namespace(&uri), name).is_some(), "{uri}");
        assert!(known_message(&uri).is_some());
    }
}

/// Each row: a construct, what the refusal names, and its line.
#[test]
fn what_is_not_understood_is_refused_with_its_name_and_line() {
    let rows: &[(&str, &str)] = &[
        (r#"<xs:group name="g"/>"#, "group"),
        (r#"<xs:attributeGroup name="g"/>"#, "attributeGroup"),
        (r#"<xs:attribute name="a"/>"#, "attribute"),
        (r#"<xs:notation name="n" public="p"/>"#, "notation"),
        (r#"<xs:redefine schemaLocation="x.xsd"/>"#, "redefine"),
        (r#"<xs:complexType name="T"><xs:all/></xs:complexType>"#, "all"),
        (r#"<xs:complexType name="T"><xs:complexContent/></xs:complexType>"#, "complexContent"),
        (r#"<xs:complexType name="T"><xs:sequence/><xs:anyAttribute/></xs:complexType>"#, "anyAttribute"),
        (r#"<xs:complexType name="T" mixed="true"><xs:sequence/></xs:complexType>"#, "complexType/@mixed"),
        (r#"<xs:complexType name="T" abstract="true"/>"#, "complexType/@abstract"),
        (r#"<xs:simpleType name="T"><xs:list itemType="xs:string"/></xs:simpleType>"#, "list"),
        (r#"<xs:simpleType name="T"><xs:union/></xs:simpleType>"#, "union"),
        (r#"<xs:element name="e" fixed="x"/>"#, "fixed value for a complex type"),
        (r#"<xs:element name="e" type="xs:string" substitutionGroup="f"/>"#, "element/@substitutionGroup"),
        (r#"<xs:element name="e" type="xs:QName"/>"#, "type QName"),
        (r#"<xs:element name="e" type="xs:string"><xs:key name="k"/></xs:element>"#, "two types"),
        (r#"<xs:element name="e"><xs:unique name="k"/></xs:element>"#, "unique"),
        (r#"<other xmlns="urn:o"/>"#, "element {urn:o}other"),
    ];
    for (body, named) in rows {
        let error = refusal(body);
        assert_eq!((error.source_name.as_str(), error.line), ("t.xsd", 2), "{body}");
        assert!(error.to_string().contains(named), "{body}: {error}");
    }
}

#[test]
fn what_is_wrong_is_refused() {
    for body in [
        r#"<xs:element name="e" type="missing"/>"#,
        r#"<xs:element name="e" type="u:x"/>"#,
        r#"<xs:element name="1e"/>"#,
        r#"<xs:element name="e"/><xs:element name="e"/>"#,
        r#"<xs:import namespace="urn:x" schemaLocation="x.xsd"/>"#,
        r#"<xs:simpleType name="T"><xs:restriction base="T"/></xs:simpleType>"#,
        r#"<xs:simpleType name="T"><xs:restriction base="xs:string"><xs:pattern value="("/></xs:restriction></xs:simpleType>"#,
        r#"<xs:simpleType name="T"><xs:restriction base="xs:string"><xs:minInclusive value="1"/></xs:restriction></xs:simpleType>"#,
        r#"<xs:simpleType name="T"><xs:restriction base="xs:date"><xs:minInclusive value="soon"/></xs:restriction></xs:simpleType>"#,
        r#"<xs:simpleType name="T"><xs:restriction base="xs:int"><xs:enumeration value="x"/></xs:restriction></xs:simpleType>"#,
        r#"<xs:complexType name="T"><xs:sequence><xs:element name="a" type="xs:int" minOccurs="2"/></xs:sequence></xs:complexType>"#,
        r#"<xs:complexType name="T"><xs:sequence><xs:element name="a" type="xs:int" maxOccurs="100000"/></xs:sequence></xs:complexType>"#,
        r#"<xs:element name="e" type="xs:int" fixed="x"/>"#,
        r#"<xs:element name="e" type="xs:int" fixed="1" default="1"/>"#,
        "<xs:element name='e'/>text",
        "<xs:element>",
    ] {
        let error = refusal(body);
        assert!(error.line >= 1, "{error}");
    }
}

#[test]
fn imports_and_includes_are_found_by_name() {
    let main = format!(
        r#"{XS}<xs:include schemaLocation="parts/types.xsd"/><xs:element name="e" type="Short"/></xs:schema>"#
    );
    let part = r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:simpleType name="Short">
        <xs:restriction base="xs:string"><xs:maxLength value="3"/></xs:restriction></xs:simpleType></xs:schema>"#;
    let sources = [
        SchemaSource { name: "a/main.xsd", text: &main },
        SchemaSource { name: "a/parts/types.xsd", text: part },
    ];
    let schemas = Schemas::load(&sources).unwrap();
    assert!(!schemas.is_bundled());
    assert!(schemas.tables().global(schemas.tables().namespace("urn:t"), "e").is_some());
}
