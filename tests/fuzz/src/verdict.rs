//! What holds of every verdict, whatever was judged.

use dojang::trust::{Outcome, Question, Rule, Verdict, verify};

/// Judges twice; the two must agree and be well formed.
pub fn judge(question: &Question<'_>) -> Verdict {
    let verdict = verify(question);
    assert_eq!(verdict, verify(question), "the same question has two answers");
    let rules: Vec<Rule> = verdict.checks.iter().map(|check| check.rule).collect();
    assert_eq!(rules, Rule::ALL);
    let failed = verdict.checks.iter().filter(|check| check.outcome == Outcome::Fail).count();
    assert_eq!(failed, usize::from(!verdict.is_accepted()));
    assert_eq!(verdict.path.is_empty(), !verdict.is_accepted());
    assert!(verdict.paths.len() <= 200, "{} paths", verdict.paths.len());
    if let Some(refusal) = &verdict.refusal {
        assert!(!refusal.message.is_empty());
        let failed = verdict.failed().unwrap();
        assert!(!failed.evidence.is_empty(), "no evidence of {:?}: {}", failed.rule, refusal.message);
        let after = verdict.checks.iter().skip_while(|check| check.outcome != Outcome::Fail).skip(1);
        assert!(after.into_iter().all(|check| check.outcome == Outcome::NotReached));
    } else {
        assert!(verdict.checks.iter().all(|check| check.outcome == Outcome::Pass));
    }
    verdict
}
