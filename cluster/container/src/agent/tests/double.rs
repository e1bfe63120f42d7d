//! The double for the tests of services answers as the real cluster does.

use super::*;
use crate::testing::RecordingCluster;

/// Makes each call that sends, in the callback of a message of session 7. Returns the answers.
fn answers(cluster: &mut dyn Cluster) -> Vec<String> {
    let mut answers = Vec::new();
    let mut tell = |call: &str, answer: Result<bool, OfferError>| answers.push(format!("{call}: {answer:?}"));
    for (session_id, parts) in [(7, 1), (7, 8), (8, 1)] {
        let parts = vec![&b"part"[..]; parts];
        let position = cluster.offer_to_parts(session_id, &parts);
        tell("offer_to", position.map(|position| position == MOCKED_OFFER && cluster.role() != Role::Leader));
    }
    for parts in [0, 7, 8] {
        tell("offer", cluster.offer_parts(&vec![&b"part"[..]; parts]).map(|position| position > 0));
    }
    tell("schedule_timer", Ok(cluster.schedule_timer(1, 2)));
    tell("cancel_timer", Ok(cluster.cancel_timer(1)));
    tell("cancel_timer of none", Ok(cluster.cancel_timer(9)));
    for session_id in [8, 7, 7] {
        tell("close", Ok(cluster.close_client_session(session_id)));
    }
    tell("offer_to after the close", cluster.offer_to(7, b"last").map(|position| position > 0));
    tell("is_closing", Ok(cluster.client_session(7).is_some_and(ClientSession::is_closing)));
    answers
}

/// Answers of the calls to the consensus module while it is back pressured.
fn answers_under_back_pressure(cluster: &mut dyn Cluster) -> Vec<String> {
    vec![
        format!("{:?}", cluster.offer(b"own")),
        format!("{}", cluster.schedule_timer(1, 2)),
        format!("{}", cluster.cancel_timer(1)),
    ]
}

#[test]
fn the_double_answers_as_the_real_cluster() {
    for (code, role) in [(LEADER, Role::Leader), (FOLLOWER, Role::Follower)] {
        for (script, refusals) in [
            (answers as fn(&mut dyn Cluster) -> Vec<String>, 0),
            (answers_under_back_pressure as fn(&mut dyn Cluster) -> Vec<String>, 3),
        ] {
            let told = Rc::new(RefCell::new(Vec::new()));
            let told_by_script = Rc::clone(&told);
            let run = move |cluster: &mut dyn Cluster, call: &str| {
                if call == "message" {
                    told_by_script.borrow_mut().push(script(cluster));
                }
            };
            let mut member = Member::joined(code, run.clone());
            member.append(&session_open(7, 11));
            member.cycles(1).unwrap();
            member.world.borrow_mut().send_results = vec![OfferError::BackPressured; refusals].into();
            member.append(&session_message(7, 12, b"hello"));
            member.cycles(1).unwrap();

            let mut double = RecordingCluster::new(role);
            double.session_open(&mut member.agent.service, 7, b"me");
            double.refuse_next(refusals, OfferError::BackPressured);
            run(&mut double, "message");
            let [real, double] = &told.borrow()[..] else { panic!("{told:?}") };
            assert_eq!(real, double, "{role:?}");
        }
    }
}
