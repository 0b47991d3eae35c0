/** All cases in armedTravel.test.ts pass; `npm test` runs only a selection of them. */
import './armedTravel.test.ts';
