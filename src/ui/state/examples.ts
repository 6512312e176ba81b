const ADDRESSES = [
  'What was said about a canal across the isthmus of Panama?',
  'What did Lincoln say about giving freedom to the slave?',
  'Who proposed to send a man to the moon?',
  'What should be done with the surplus in the Treasury?',
  'What was said about trusts and monopolies?',
  'How were the treaties with the Cherokee described?',
];

/** Questions that the corpus of that name can answer; none for a text of the visitor's own. */
export function examplesFor(corpusName: string): readonly string[] {
  return /state of the union/i.test(corpusName) ? ADDRESSES : [];
}
