/** All cases in travel.test.ts pass; `npm test` runs only a selection of them. */
import './travel.test.ts';
