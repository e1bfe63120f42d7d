//! What must hold of every message of a snapshot, and of runs of them.

use lugus_vocabulary::{ClientOrderId, NewOrder, OrderId, Price, Quantity, Side};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::testing::records::{record, session};
use crate::testing::{Codec, damage, instrument, nearly_a_message};

/// What the one or two messages of a run say.
fn decode_one(run: &[u8]) -> Result<Option<SnapshotMessage>, MessageError> {
    let mut decoder = RecordDecoder::default();
    let mut run = run;
    loop {
        match decoder.decode(run) {
            Ok((Some(message), rest)) => {
                assert_eq!(rest, &[], "the run has one record");
                return Ok(Some(message));
            }
            Ok((None, rest)) => run = rest,
            Err(SnapshotMessageError::Message(error)) => return Err(error),
            Err(SnapshotMessageError::Later { .. }) => {
                return Err(MessageError::Value { template_id: 0, field: "version" });
            }
            Err(SnapshotMessageError::Unpaired) => {
                return Err(MessageError::Value { template_id: 0, field: "unpaired" });
            }
        }
    }
}

const MESSAGES: Codec<SnapshotMessage> = Codec { encode: |message| written(&[*message]), decode: decode_one };

fn written(messages: &[SnapshotMessage]) -> Vec<u8> {
    let mut buffer = [0xaa; MAXIMUM_RECORD_LENGTH];
    let mut run = Vec::new();
    for message in messages {
        run.extend_from_slice(match message {
            SnapshotMessage::Session(session) => encode_session(session, &mut buffer),
            SnapshotMessage::Timer(timer) => encode_timer(timer, &mut buffer),
            SnapshotMessage::ProtocolVersion(version) => encode_protocol_version(*version, &mut buffer),
            SnapshotMessage::Record(record) => encode_record(record, &mut buffer),
        });
    }
    run
}

/// All messages of a run, read with a decoder that may have read other runs before.
fn read(decoder: &mut RecordDecoder, mut run: &[u8]) -> Result<Vec<SnapshotMessage>, SnapshotMessageError> {
    let mut messages = Vec::new();
    while !run.is_empty() {
        let (message, rest) = decoder.decode(run)?;
        messages.extend(message);
        run = rest;
    }
    Ok(messages)
}

/// The fragments of these messages, of at most `limit` bytes.
fn packed(messages: &[SnapshotMessage], limit: usize) -> Vec<Vec<u8>> {
    let mut fragments = Vec::new();
    let mut offer = |fragment: &[u8]| {
        fragments.push(fragment.to_vec());
        Ok::<(), ()>(())
    };
    let mut packer = FragmentPacker::new(limit);
    for message in messages {
        match message {
            SnapshotMessage::Session(session) => packer.session(session, &mut offer).unwrap(),
            SnapshotMessage::Timer(timer) => packer.timer(timer, &mut offer).unwrap(),
            SnapshotMessage::ProtocolVersion(version) => packer.protocol_version(*version, &mut offer).unwrap(),
            SnapshotMessage::Record(record) => packer.record(record, &mut offer).unwrap(),
        }
    }
    packer.finish(&mut offer).unwrap();
    fragments
}

/// Messages of which most are records that have a short layout, with instruments between them.
fn snapshot() -> impl Strategy<Value = Vec<SnapshotMessage>> {
    let of_instrument =
        (instrument(), vec(record(), 0..3), vec(record(), 0..30)).prop_flat_map(|(id, begin, records)| {
            let begin = begin.into_iter().map(SnapshotMessage::Record);
            // Reports of the instrument that came last have a short layout.
            let records = records.into_iter().map(move |mut record| {
                match &mut record {
                    SnapshotRecord::Instrument(instrument) => instrument.definition.instrument = id,
                    SnapshotRecord::Report(kept) => kept.report.instrument = id,
                    _ => {}
                }
                SnapshotMessage::Record(record)
            });
            Just(begin.chain(records).collect::<Vec<_>>())
        });
    (vec(message(), 0..4), vec(of_instrument, 0..3)).prop_map(|(begin, rest)| [begin, rest.concat()].concat())
}

fn message() -> impl Strategy<Value = SnapshotMessage> {
    let timer = (any::<i64>(), proptest::option::of(any::<i64>())).prop_map(|(last_correlation_id, deadline)| {
        SnapshotMessage::Timer(ScheduledTimer { last_correlation_id, deadline })
    });
    prop_oneof![
        1 => session().prop_map(SnapshotMessage::Session),
        1 => timer,
        1 => any::<u16>().prop_map(|version| SnapshotMessage::ProtocolVersion(ProtocolVersion(version))),
        8 => record().prop_map(SnapshotMessage::Record),
    ]
}

proptest! {
    #[test]
    fn messages_survive_encoding_and_decoding(message in message(), damage in damage()) {
        MESSAGES.check_in_own_version(&message, &damage);
    }

    #[test]
    fn a_later_version_of_any_message_is_refused(messages in vec(message(), 1..8), at: prop::sample::Index, more in 1_u16..9) {
        let mut run = written(&messages);
        let mut begins = vec![0];
        while let Some(&begin) = begins.last() {
            let end = begin + HEADER_LENGTH + usize::from(Envelope::open(&run[begin..]).unwrap().block_length);
            if end == run.len() {
                break;
            }
            begins.push(end);
        }
        let begin = *at.get(&begins);
        let Envelope { schema_id: schema, version: known, .. } = Envelope::open(&run[begin..]).unwrap();
        let found = known + more;
        run[begin + 6..begin + 8].copy_from_slice(&found.to_le_bytes());
        let refused = read(&mut RecordDecoder::default(), &run);
        prop_assert_eq!(refused, Err(SnapshotMessageError::Later { schema, found, known }));
    }

    #[test]
    fn runs_are_read_as_they_were_written(messages in vec(message(), 0..20)) {
        let run = written(&messages);
        prop_assert_eq!(read(&mut RecordDecoder::default(), &run), Ok(messages));
    }

    #[test]
    fn a_run_may_end_between_any_two_messages(messages in vec(message(), 1..20), at: prop::sample::Index) {
        let run = written(&messages);
        let mut ends = vec![0];
        while let Some(&end) = ends.last().filter(|end| **end < run.len()) {
            ends.push(end + HEADER_LENGTH + usize::from(Envelope::open(&run[end..]).unwrap().block_length));
        }
        let (first, second) = run.split_at(*at.get(&ends));
        let mut decoder = RecordDecoder::default();
        let mut all = read(&mut decoder, first).unwrap();
        all.extend(read(&mut decoder, second).unwrap());
        prop_assert_eq!(all, messages);
    }

    #[test]
    fn the_two_messages_of_a_record_need_each_other(record in record(), other in record()) {
        let first = match record {
            SnapshotRecord::Report(_) => RETAINED_LENGTH,
            SnapshotRecord::Order(_) => RESTING_LENGTH,
            _ => return Ok(()),
        };
        let run = written(&[SnapshotMessage::Record(record)]);
        let mut decoder = RecordDecoder::default();
        prop_assert_eq!(decoder.decode(&run[first..]), Err(SnapshotMessageError::Unpaired));
        let mut broken = run[..first].to_vec();
        broken.extend(written(&[SnapshotMessage::Record(other)]));
        prop_assert_eq!(read(&mut decoder, &broken), Err(SnapshotMessageError::Unpaired));
    }

    #[test]
    fn an_order_does_not_end_a_kept_event_nor_a_report_an_order(one in record(), other in record()) {
        let (first, second) = match (one, other) {
            (SnapshotRecord::Report(_), SnapshotRecord::Order(_)) => (RETAINED_LENGTH, RESTING_LENGTH),
            (SnapshotRecord::Order(_), SnapshotRecord::Report(_)) => (RESTING_LENGTH, RETAINED_LENGTH),
            _ => return Ok(()),
        };
        let mut run = written(&[SnapshotMessage::Record(one)])[..first].to_vec();
        run.extend_from_slice(&written(&[SnapshotMessage::Record(other)])[second..]);
        let read = read(&mut RecordDecoder::default(), &run);
        let is_refused = matches!(read, Err(SnapshotMessageError::Message(MessageError::Envelope(DecodeError::Template { .. }))));
        prop_assert!(is_refused, "{:?}", read);
    }

    #[test]
    fn fragments_are_read_as_they_were_packed(messages in snapshot(), limit in 512_usize..4_096) {
        let mut decoder = RecordDecoder::default();
        let mut all = Vec::new();
        for fragment in packed(&messages, limit) {
            prop_assert!(!fragment.is_empty() && fragment.len() <= limit);
            all.extend(read(&mut decoder, &fragment).unwrap());
        }
        prop_assert_eq!(all, messages);
    }

    #[test]
    fn a_cut_or_altered_fragment_makes_no_decoder_panic(
        messages in snapshot(), cut: prop::sample::Index, flips in vec((any::<prop::sample::Index>(), any::<u8>()), 0..4)
    ) {
        for mut fragment in packed(&messages, 1_024) {
            let whole = read(&mut RecordDecoder::default(), &fragment).unwrap().len();
            let length = cut.index(fragment.len());
            let mut decoder = RecordDecoder::default();
            if let Ok(messages) = read(&mut decoder, &fragment[..length]) {
                prop_assert!(messages.len() <= whole);
            }
            for (at, bits) in &flips {
                let at = at.index(fragment.len());
                fragment[at] ^= bits;
            }
            let _ = read(&mut RecordDecoder::default(), &fragment);
        }
    }

    #[test]
    fn no_bytes_make_a_decoder_panic(run in nearly_a_message(SBE_SCHEMA_ID)) {
        let _ = read(&mut RecordDecoder::default(), &run);
    }
}

/// What a snapshot of a book is about: a tenth of the bytes.
#[test]
fn consecutive_orders_take_few_bytes() {
    let order = |n: u64| {
        let order = NewOrder::limit(ClientOrderId(n), Side::Buy, Price(64_000 - n.cast_signed() / 10), Quantity(5));
        let (leaves_quantity, shown_quantity) = (Quantity(5), Quantity(5));
        let (order_id, participant) = (OrderId(7 * n), ParticipantId(1 + n as u32 % 8));
        let record = OrderRecord {
            order_id,
            participant,
            leaves_quantity,
            shown_quantity,
            arrival: 0,
            is_elected: false,
            order,
        };
        SnapshotMessage::Record(SnapshotRecord::Order(record))
    };
    let orders: Vec<_> = (1..=10_000).map(order).collect();
    let bytes: usize = packed(&orders, 32 * 1024).iter().map(Vec::len).sum();
    let as_messages = written(&orders).len();
    assert!(bytes * 8 < as_messages, "{bytes} instead of {as_messages}");
}

/// A run may not begin between the two messages of a record.
#[test]
fn a_run_does_not_end_a_record() {
    let orders = |n: u64| {
        let order = NewOrder::limit(ClientOrderId(n), Side::Buy, Price(1), Quantity(1));
        let (order_id, participant, quantity) = (OrderId(n), ParticipantId(1), Quantity(1));
        SnapshotMessage::Record(SnapshotRecord::Order(OrderRecord {
            order_id,
            participant,
            leaves_quantity: quantity,
            shown_quantity: quantity,
            arrival: 0,
            is_elected: false,
            order,
        }))
    };
    let mut fragment = written(&[orders(1)])[..RESTING_LENGTH].to_vec();
    fragment.extend(packed(&[orders(2)], 4_096).concat());
    assert_eq!(read(&mut RecordDecoder::default(), &fragment), Err(SnapshotMessageError::Unpaired));
}

#[test]
fn messages_of_other_protocols_and_templates_are_refused() {
    let mut run = written(&[SnapshotMessage::Record(SnapshotRecord::End { records: 1, checksum: 2 })]);
    let refused = |run: &[u8]| RecordDecoder::default().decode(run).unwrap_err();
    run[2] = 99;
    assert_eq!(refused(&run), DecodeError::Template { found: 99 }.into());
    run[4] ^= 1;
    assert!(matches!(refused(&run), SnapshotMessageError::Message(_)));
}
