/** Questions to the addresses, and how many of the addresses, from the first, have the answer among them. */
const ADDRESSES: readonly (readonly [question: string, documents: number])[] = [
  ['What was said about a canal across the isthmus of Panama?', 60],
  ['What did Lincoln say about giving freedom to the slave?', 73],
  ['Who proposed to send a man to the moon?', 172],
  ['What should be done with the surplus in the Treasury?', 27],
  ['What was said about trusts and monopolies?', 99],
  ['How were the treaties with the Cherokee described?', 2],
  ['What was said about a national university?', 7],
  ['Why were frigates sent into the Mediterranean?', 12],
];
const SHOWN_MAX = 6;

/** Questions that so many documents of the corpus of that name can answer; none for a text of the visitor's own. */
export function examplesFor(corpusName: string, documents: number): readonly string[] {
  if (!/state of the union/i.test(corpusName)) return [];
  return ADDRESSES.filter(([, needed]) => needed <= documents)
    .slice(0, SHOWN_MAX)
    .map(([question]) => question);
}
