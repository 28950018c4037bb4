use super::*;

const PAGE_SIZE: u32 = 10;

/// A page of a listing of `total` rows of which none changes.
fn page_of(total: u64, number: u32) -> Pages {
    let before = u64::from(PAGE_SIZE) * u64::from(number - 1);
    let rows = total.saturating_sub(before).min(u64::from(PAGE_SIZE));
    Pages {
        rows,
        new: rows,
        total: Some(total),
        pages: Some(total.div_ceil(u64::from(PAGE_SIZE))),
        page_size: PAGE_SIZE,
    }
}

/// The pages that are read, in their order, of a listing that answers so; those that count for nothing are left out.
fn read(order: Order, answer: impl FnMut(u32) -> Pages) -> Vec<u32> {
    read_on(order, 0, answer)
}

/// The same, when `distinct` rows were seen before.
fn read_on(mut order: Order, mut distinct: u64, mut answer: impl FnMut(u32) -> Pages) -> Vec<u32> {
    let mut read = Vec::new();
    for _ in 0..1_000 {
        let pages = answer(order.page());
        read.push(order.page());
        distinct += pages.new;
        match order.after(&pages, distinct) {
            Next::Page => {}
            Next::Anew => {
                read.clear();
                distinct = 0;
            }
            Next::End => return read,
        }
    }
    panic!("it does not end: {:?}", &read[..20]);
}

#[test]
fn pages_are_read_once_from_the_front_or_from_the_end() {
    for (total, forward, backward) in [
        (0, vec![1], vec![1]),
        (10, vec![1], vec![1]),
        (11, vec![1, 2], vec![2, 1]),
        (35, vec![1, 2, 3, 4], vec![4, 3, 2, 1]),
    ] {
        let answer = |page| page_of(total, page);
        assert_eq!(read(Order::forward(false), answer), forward);
        for remembered in [1, 2, 4, 9] {
            let order = Order::last_page_first(remembered);
            assert_eq!(
                read(order, answer),
                backward,
                "of {total}, {remembered} remembered"
            );
        }
    }
}

#[test]
fn what_was_read_before_is_not_read_again_when_it_goes_on() {
    let pages = read_on(Order::resumed(3, true), 20, |page| page_of(35, page));
    assert_eq!(pages, [3, 4]);
}

#[test]
fn a_listing_that_grows_while_its_end_is_looked_for_is_read_from_an_end_that_holds() {
    let mut total = 15;
    let pages = read(Order::last_page_first(2), |page| {
        total += 10;
        page_of(total, page)
    });
    let last = pages[0];
    let expected: Vec<u32> = (1..=last).rev().collect();
    assert_eq!(pages, expected);
}

#[test]
fn without_counts_it_is_read_from_the_front_until_nothing_new_comes() {
    let answer = |page| Pages {
        total: None,
        pages: None,
        ..page_of(25, page)
    };
    let forward = [1, 2, 3, 4];
    assert_eq!(read(Order::forward(true), answer), forward);
    assert_eq!(read(Order::last_page_first(1), answer), forward);
    assert_eq!(read(Order::last_page_first(7), answer), forward);
}

#[test]
fn whatever_the_service_counts_it_ends() {
    let counts = [
        None,
        Some(0),
        Some(1),
        Some(7),
        Some(u64::from(u32::MAX)),
        Some(u64::MAX),
    ];
    for total in counts {
        for pages in counts {
            for (rows, new) in [(0, 0), (1, 0), (10, 0)] {
                for order in [
                    Order::forward(true),
                    Order::forward(false),
                    Order::resumed(4, true),
                ] {
                    read(order, |_| Pages {
                        rows,
                        new,
                        total,
                        pages,
                        page_size: PAGE_SIZE,
                    });
                }
            }
        }
    }
}

#[test]
fn a_service_that_always_has_something_new_is_left_after_twice_what_it_counted() {
    let pages = read(Order::forward(true), |_| Pages {
        rows: 10,
        new: 10,
        total: Some(100),
        pages: Some(1_000_000),
        page_size: PAGE_SIZE,
    });
    assert_eq!(pages.len(), 2 * 10 + 50);
}
