//! Weighs every contestant; `peers` starts it and reads its lines.

fn main() {
    bailiwick_peers::heap(|act| allocation_counter::measure(act).bytes_current);
}
