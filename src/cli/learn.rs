//! `dojang` and `dojang learn`: the lab on the screen.
