/** All cases in plainReads.test.ts pass; `npm test` runs only a selection of them. */
import './plainReads.test.ts';
