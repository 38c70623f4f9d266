//! The life of a Wmo toewijzing and what the CAK must hear of it: pure state machine.
