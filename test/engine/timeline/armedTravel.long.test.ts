/** All cases of armedTravel.test.ts pass; `npm test` runs a selection. */
import './armedTravel.test.ts';
