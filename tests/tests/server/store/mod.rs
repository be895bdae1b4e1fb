//! The server with a store, over real sockets: on SQLite, and on a throw-away PostgreSQL where its programs are at hand.

mod accounts;
mod audit;
mod documents;
mod identity;
mod matrix;
mod operations;
mod postgres;
mod privacy;
mod provider;
mod repeated;
mod tls;
pub(crate) mod world;

/// Tests that hold on both databases.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => { $(
        mod $name {
            #[test]
            fn sqlite() {
                super::$name(&$crate::store::world::World::sqlite());
            }

            #[test]
            fn postgres() {
                if let Some(world) = $crate::store::world::World::postgres() {
                    super::$name(&world);
                }
            }
        }
    )* };
}
pub(crate) use on_both;
