/** All cases of sectorSet.test.ts pass; `npm test` runs a selection. */
import './sectorSet.test.ts';
