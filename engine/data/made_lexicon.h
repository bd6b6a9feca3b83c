/* English words for made text: nouns by topic, small words, opinions. No word is in two lists. Made sentences borrow
 * their spelling only; what a word means there is planted. */
#ifndef DATA_MADE_LEXICON_H
#define DATA_MADE_LEXICON_H

#define LEXICON_TOPICS 20
#define LEXICON_NOUNS 24 /* of a topic */
#define LEXICON_SMALL 60
#define LEXICON_OPINIONS 20 /* of each kind */

extern const char *const lexicon_topic[LEXICON_TOPICS]; /* names; no words of the text */
extern const char *const lexicon_noun[LEXICON_TOPICS][LEXICON_NOUNS];
extern const char *const lexicon_small[LEXICON_SMALL];         /* "not" is none of them */
extern const char *const lexicon_opinion[2][LEXICON_OPINIONS]; /* 0: negative, 1: positive */

#endif
