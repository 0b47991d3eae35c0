/** All cases of damagedIndex.test.ts pass; `npm test` runs a selection. */
import './damagedIndex.test.ts';
