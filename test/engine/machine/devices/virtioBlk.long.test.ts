/** All cases in virtioBlk.test.ts pass; `npm test` runs only a selection of them. */
import './virtioBlk.test.ts';
