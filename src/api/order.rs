//! In which order the pages of a listing are read, and when it is at its end. Decided from the counts of each page alone.

/// Pages read of a listing whose total is unknown.
const MAX_PAGES_WITHOUT_TOTAL: u32 = 100_000;
/// Pages beyond twice the expected number before a listing is ended.
const SPARE_PAGES: u64 = 50;
/// How often the last page may turn out to be another one before the listing is read as it is.
const MAX_SEARCHES_FOR_THE_END: u32 = 3;

/// What a page says.
#[derive(Debug, Clone, Copy)]
pub struct Pages {
    /// Its rows.
    pub rows: u64,
    /// Those that were not seen before.
    pub new: u64,
    /// All rows, as the service counts them.
    pub total: Option<u64>,
    /// All pages, as the service counts them.
    pub pages: Option<u64>,
    /// Rows per page that were asked for.
    pub page_size: u32,
}

/// What comes after a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Another page.
    Page,
    /// Another page, and what was seen so far counts for nothing.
    Anew,
    /// Nothing.
    End,
}

/// The order, and where it is.
#[derive(Debug, Clone)]
pub struct Order {
    page: u32,
    way: Way,
    known_pages: u32,
    max_pages: u32,
    is_first: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Forward {
        is_ascending: bool,
    },
    /// The last page is looked for.
    ToTheEnd {
        searches: u32,
    },
    Backward,
}

impl Order {
    /// From the first page on.
    pub const fn forward(is_ascending: bool) -> Self {
        Self::resumed(1, is_ascending)
    }

    /// From `page` on.
    pub const fn resumed(page: u32, is_ascending: bool) -> Self {
        Self {
            page: if page == 0 { 1 } else { page },
            way: Way::Forward { is_ascending },
            known_pages: 1,
            max_pages: MAX_PAGES_WITHOUT_TOTAL,
            is_first: true,
        }
    }

    /// From the last page to the first, when there are still `pages`.
    pub const fn last_page_first(pages: u32) -> Self {
        Self {
            way: Way::ToTheEnd { searches: 0 },
            ..Self::resumed(pages, true)
        }
    }

    /// The page to read.
    pub const fn page(&self) -> u32 {
        self.page
    }

    /// Direction of the rows.
    pub const fn is_ascending(&self) -> bool {
        match self.way {
            Way::Forward { is_ascending } => is_ascending,
            Way::ToTheEnd { .. } | Way::Backward => true,
        }
    }

    /// The page that was read last, if pages are read from the front.
    pub const fn forward_page(&self) -> Option<u32> {
        match self.way {
            Way::Forward { .. } => Some(if self.is_first {
                self.page
            } else {
                self.page - 1
            }),
            Way::ToTheEnd { .. } | Way::Backward => None,
        }
    }

    /// Pages that the listing had when it was asked last.
    pub const fn known_pages(&self) -> u32 {
        self.known_pages
    }

    /// Begins at the first page.
    pub fn begin_anew(&mut self) -> Next {
        *self = Self::forward(self.is_ascending());
        Next::Anew
    }

    /// Moves on. `distinct` is how many rows were seen in all.
    pub fn after(&mut self, pages: &Pages, distinct: u64) -> Next {
        let count = self.count(pages);
        self.known_pages = count.unwrap_or(self.page);
        match self.way {
            Way::Forward { .. } => self.after_forward(pages, distinct),
            Way::ToTheEnd { .. } if count.is_none() && self.page == 1 => {
                self.way = Way::Forward { is_ascending: true };
                self.after_forward(pages, distinct)
            }
            Way::ToTheEnd { searches } => self.after_search(pages, count, searches),
            Way::Backward if self.page == 1 => Next::End,
            Way::Backward => {
                self.page -= 1;
                Next::Page
            }
        }
    }

    /// All pages; unknown without any count.
    fn count(&self, pages: &Pages) -> Option<u32> {
        let by_rows = || {
            let per_page = if self.page == 1 && pages.rows > 0 {
                pages.rows
            } else {
                u64::from(pages.page_size)
            };
            pages.total.map(|total| total.div_ceil(per_page))
        };
        let count = pages.pages.or_else(by_rows)?;
        Some(u32::try_from(count).unwrap_or(u32::MAX).max(1))
    }

    fn after_search(&mut self, pages: &Pages, count: Option<u32>, searches: u32) -> Next {
        let Some(count) = count else {
            return self.begin_anew();
        };
        let is_end = count == self.page || searches == MAX_SEARCHES_FOR_THE_END;
        if is_end && pages.rows == 0 && self.page > 1 {
            // The service counts pages that are not there.
            return self.begin_anew();
        }
        if !is_end {
            self.page = count;
            self.way = Way::ToTheEnd {
                searches: searches + 1,
            };
            return Next::Anew;
        }
        if self.page == 1 {
            return Next::End;
        }
        self.way = Way::Backward;
        self.page -= 1;
        Next::Page
    }

    fn after_forward(&mut self, pages: &Pages, distinct: u64) -> Next {
        if self.is_first {
            self.is_first = false;
            if let (Some(total), 1..) = (pages.total, pages.rows) {
                let expected = total.div_ceil(pages.rows);
                let expected = expected.saturating_mul(2).saturating_add(SPARE_PAGES);
                self.max_pages = u32::try_from(expected).unwrap_or(u32::MAX);
            }
        }
        let number = self.page;
        self.page += 1;
        let is_last_by_pages = pages.pages.is_none_or(|pages| u64::from(number) >= pages);
        // A total of zero beside rows is no total.
        let is_total_reached = match pages.total {
            None | Some(0) => pages.pages.is_some() && is_last_by_pages,
            Some(total) => is_last_by_pages && distinct >= total,
        };
        if pages.new == 0 || is_total_reached || number >= self.max_pages {
            Next::End
        } else {
            Next::Page
        }
    }
}

#[cfg(test)]
mod tests;
