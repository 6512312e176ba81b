export { madeText as madeCorpus } from '../../src/worlds/virtual/madeText.ts';
