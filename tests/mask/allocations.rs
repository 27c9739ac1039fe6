//! What masking allocates: one text, or nothing into a buffer that has room.

use std::hint::black_box;

use bailiwick::document::AddressComponent::{Apartment, BuildingNumber, Locality, Street};
use bailiwick::mask::{Address, Mask};

fn allocations(mask: impl FnOnce()) -> u64 {
    allocation_counter::measure(mask).count_total
}

#[test]
fn an_ascii_value_costs_one_allocation_and_none_into_a_buffer() {
    let home = Address::new()
        .with(BuildingNumber, "136A")
        .with(Street, "42nd Street")
        .with(Apartment, "4B")
        .with(Locality, "New York");
    let address = Mask::address();
    assert_eq!(
        allocations(|| drop(black_box(address.address_text(&home)))),
        1
    );
    let mut buffer = String::with_capacity(256);
    for (mask, value) in [
        (Mask::email(), "ada.lovelace@example.com"),
        (Mask::email(), "not an address"),
        (Mask::phone(), "tel:+1 (555) 123-4567 ext. 89"),
        (Mask::name(), "Ada Lovelace"),
        (Mask::whole(), "anything"),
    ] {
        assert_eq!(
            allocations(|| drop(black_box(mask.text(value)))),
            1,
            "{value}"
        );
        assert_eq!(
            allocations(|| mask.write_into(value, &mut buffer)),
            0,
            "{value}"
        );
    }
    // Nor in other scripts.
    let (email, phone) = (Mask::email(), Mask::phone());
    assert_eq!(
        allocations(|| email.write_into("žofie@příklad.cz", &mut buffer)),
        0
    );
    assert_eq!(
        allocations(|| phone.write_into("+٩٦٦ ٥٠ ١٢٣ ٤٥٦٧", &mut buffer)),
        0
    );
    assert_eq!(
        allocations(|| address.write_address_into(&home, &mut buffer)),
        0
    );
}
