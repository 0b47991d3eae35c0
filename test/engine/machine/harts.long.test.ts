/** All cases of harts.test.ts pass; `npm test` runs a selection. */
import './harts.test.ts';
