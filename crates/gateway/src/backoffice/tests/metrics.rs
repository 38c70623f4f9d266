//! What monitoring sees of a gateway that has worked.

use super::played::Played;

const NOT_FOUND: &str =
    "http_answered_requests_total{path=\"/api/v1/berichten/{id}\",method=\"GET\",status=\"404\"}";

/// Reads samples from the text of `/metrics`.
trait Samples {
    /// Returns the value of a sample, 0 when there is none.
    fn value(&self, sample: &str) -> f64;
}

impl Samples for String {
    fn value(&self, sample: &str) -> f64 {
        let of = |line: &str| line.strip_prefix(sample)?.strip_prefix(' ')?.parse().ok();
        self.lines().find_map(of).unwrap_or(0.0)
    }
}

#[tokio::test]
async fn what_happened_is_counted_without_personal_data() {
    let played = Played::start().await;
    let before = played.metrics().await;
    let message = played.wmo301("222050", "API-1").await;
    assert_eq!(played.post("/berichten", None, &message).await.status, 202);
    assert_eq!(played.post("/berichten", None, &message).await.status, 202);
    played.get(&played.all, "/berichten/999900006").send().await.unwrap();
    let text = played.metrics().await;
    // Counters are of the process, and other tests may share it: they have counted at least what happened here.
    for (sample, least) in [
        ("engine_taken_messages_total{message=\"WMO305\",verdict=\"rejected\"}", 1.0),
        ("engine_refused_messages_total{reason=\"invalid\"}", 1.0),
        ("engine_repeated_messages_total", before.value("engine_repeated_messages_total") + 1.0),
        ("outbox_ended_attempts_total{partner=\"cak\",message=\"WMO403\",outcome=\"delivered\"}", 1.0),
        (NOT_FOUND, before.value(NOT_FOUND) + 1.0),
    ] {
        assert!(text.value(sample) >= least, "{sample}\n{text}");
    }
    assert!(text.lines().any(|line| line.starts_with("journal_failed_commits_total ")), "{text}");
    // Gauges are of this gateway.
    for (sample, value) in [
        ("engine_ready_state", 1.0),
        ("outbox_waiting_messages{partner=\"coalitie-hvb\"}", 1.0),
        ("outbox_waiting_messages{partner=\"cak\"}", 0.0),
    ] {
        assert!((text.value(sample) - value).abs() < f64::EPSILON, "{sample}\n{text}");
    }
    // Of gemeente 0222 the CAK was told of starts.
    assert!(text.value("cak_start_numbers{gemeente=\"0222\"}") >= 1.0, "{text}");
    assert!(text.value("tls_certificate_left_seconds{certificate=\"exchange\"}") > 0.0);
    // Nobody of the demonstration is in it.
    for person in ["99990", "12345678", "Wit", "Brouwer", "Bakker", "7001AA"] {
        assert!(!text.contains(person), "{person}");
    }
    // Every line is a comment or a sample, and every sample belongs to a metric with a head.
    for line in text.lines().filter(|line| !line.starts_with("# ")) {
        let name = line.split(['{', ' ']).next().unwrap();
        let family =
            ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        assert!(text.contains(&format!("# TYPE {family} ")), "{line}");
        assert!(line.rsplit_once(' ').unwrap().1.parse::<f64>().is_ok(), "{line}");
    }
}
