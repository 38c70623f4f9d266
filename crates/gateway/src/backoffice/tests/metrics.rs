//! What monitoring sees of a gateway that has worked.

use super::played::Played;

#[tokio::test]
async fn what_happened_is_counted_without_personal_data() {
    let played = Played::start().await;
    let message = played.wmo301("222050", "API-1").await;
    assert_eq!(played.post("/berichten", None, &message).await.status, 202);
    assert_eq!(played.post("/berichten", None, &message).await.status, 202);
    played.get(&played.all, "/berichten/999900006").send().await.unwrap();
    let text = played.metrics().await;
    for line in [
        "engine_taken_messages_total{message=\"WMO305\",verdict=\"rejected\"} 1",
        "engine_refused_messages_total{reason=\"invalid\"} 1",
        "engine_repeated_messages_total 1",
        "engine_ready_state 1",
        "journal_failed_commits_total 0",
        "outbox_waiting_messages{partner=\"coalitie-hvb\"} 1",
        "outbox_waiting_messages{partner=\"cak\"} 0",
        "outbox_ended_attempts_total{partner=\"cak\",message=\"WMO403\",outcome=\"delivered\"}",
        "http_answered_requests_total{path=\"/api/v1/berichten/{id}\",method=\"GET\",status=\"404\"} 1",
        "tls_certificate_left_seconds{certificate=\"exchange\"}",
    ] {
        assert!(text.lines().any(|found| found.starts_with(line)), "{line}\n{text}");
    }
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
