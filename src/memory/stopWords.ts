/** English words that carry grammar rather than matter, by word class; without them an index is half the size. */
export const STOP_WORDS: ReadonlySet<string> = new Set(
  [
    // Articles, demonstratives, quantifiers.
    'a an the this that these those some any all both each every few more most much many other another such own same no nor not only',
    // Pronouns.
    'i me my mine myself we us our ours ourselves you your yours yourself yourselves he him his himself she her hers herself it its itself they them their theirs themselves one who whom whose which what',
    // Forms of be, have, do, and the modals.
    'am is are was were be been being have has had having do does did doing done can could may might must shall should will would cannot',
    // Prepositions.
    'of in to for on with as at by from into upon about against between through during before after above below under over out off up down within without among toward towards than per via',
    // Conjunctions and question words.
    'and or but if because so while until though although yet then when where why how whether',
    // Adverbs that say little.
    'again further once here there now just too very also ever even still',
    // Contractions as they are written, and what is left of them.
    "don't doesn't didn't won't wouldn't can't couldn't shouldn't isn't aren't wasn't weren't hasn't haven't hadn't i'm i've i'll i'd we're we've we'll we'd you're you've you'll you'd he's he'll she's she'll it's it'll they're they've they'll that's there's what's who's let's s t",
  ]
    .join(' ')
    .split(' '),
);
