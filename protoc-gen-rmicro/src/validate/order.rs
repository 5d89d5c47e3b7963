//! Puts things that are inside of each other in order, by Tarjan's algorithm and without recursion.

/// All indices of `inside`, which says what each holds: each after those that it holds; those that hold each other, over
/// whatever others, are one group.
pub(super) fn inner_first(inside: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut search = Search {
        inside,
        seen: vec![0; inside.len()],
        low: vec![0; inside.len()],
        is_open: vec![false; inside.len()],
        open: Vec::new(),
        count: 0,
        groups: Vec::new(),
    };
    for start in 0..inside.len() {
        if search.seen[start] == 0 {
            search.from(start);
        }
    }
    search.groups
}

/// A depth-first search.
struct Search<'a> {
    inside: &'a [Vec<usize>],
    /// When each was met, from 1 on; 0 before that.
    seen: Vec<usize>,
    /// The earliest of those still open that is known to be inside of each.
    low: Vec<usize>,
    is_open: Vec<bool>,
    /// Those that are in no group yet.
    open: Vec<usize>,
    count: usize,
    groups: Vec<Vec<usize>>,
}

impl Search<'_> {
    fn from(&mut self, start: usize) {
        self.enter(start);
        // Each with how many of those inside have been looked at.
        let mut way = vec![(start, 0)];
        while let Some((index, next)) = way.last_mut() {
            let index = *index;
            match self.inside[index].get(*next) {
                Some(&inner) => {
                    *next += 1;
                    if self.seen[inner] == 0 {
                        self.enter(inner);
                        way.push((inner, 0));
                    } else if self.is_open[inner] {
                        self.low[index] = self.low[index].min(self.seen[inner]);
                    }
                }
                None => {
                    way.pop();
                    if let Some((outer, _)) = way.last() {
                        self.low[*outer] = self.low[*outer].min(self.low[index]);
                    }
                    self.leave(index);
                }
            }
        }
    }

    fn enter(&mut self, index: usize) {
        self.count += 1;
        self.seen[index] = self.count;
        self.low[index] = self.count;
        self.is_open[index] = true;
        self.open.push(index);
    }

    /// Makes a group of what is open since `index`, if nothing of that leads further back.
    fn leave(&mut self, index: usize) {
        if self.low[index] != self.seen[index] {
            return;
        }
        let start = self.open.iter().rposition(|open| *open == index);
        let group = self.open.split_off(start.unwrap_or_default());
        for index in &group {
            self.is_open[*index] = false;
        }
        self.groups.push(group);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_inside_comes_first_and_what_holds_itself_together() {
        // 0 holds 1 and 4; 1, 2 and 3 hold each other; 4 holds itself; 5 holds 3.
        let inside = [&[1, 4][..], &[2], &[3], &[1, 4], &[4], &[3]].map(<[usize]>::to_vec);
        let groups = inner_first(&inside);
        assert_eq!(groups, [vec![4], vec![1, 2, 3], vec![0], vec![5]]);
    }

    #[test]
    fn a_long_chain_costs_no_stack() {
        let inside: Vec<Vec<usize>> = (1..=200_000).map(|next| vec![next % 200_000]).collect();
        assert_eq!(inner_first(&inside).len(), 1, "a ring");
        let inside: Vec<Vec<usize>> = (1..200_000)
            .map(|next| vec![next])
            .chain([vec![]])
            .collect();
        let groups = inner_first(&inside);
        assert_eq!((groups.len(), groups[0][0]), (200_000, 199_999));
    }
}
