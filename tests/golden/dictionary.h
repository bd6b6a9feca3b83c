/* Made by tests/reference/dictionary.py. */
// clang-format off
static const struct golden_hash { const char *word; unsigned hash; } golden_hashes[] = {
    {"", 0x811c9dc5u},
    {"a", 0xe40c292cu},
    {"linux", 0xecbb951du},
    {"</s>", 0xd79c9359u},
    {"na\303\257ve", 0xcd16ee2bu},
    {"\316\232\316\261\316\273\316\267\316\274\316\255\317\201\316\261", 0x1f196a2au},
    {"\360\237\230\200x", 0x1d3eae50u},
};
static const struct golden_subwords { const char *word; int least, most; unsigned count, hash[32]; } golden_subwords[] = {
    {"night", 3, 6, 14, {0x0297b551u, 0x18a40a3du, 0x1f3c43cfu, 0x20604c35u, 0x43912612u, 0x562880fau, 0x65c2b48cu, 0x97d83863u, 0xa5c6adc5u, 0xa8c36da3u, 0xba8f6165u, 0xcf74e28du, 0xd27f8a2fu, 0xe6de9f61u}},
    {"na\303\257ve", 3, 4, 9, {0x1827365fu, 0x1a923184u, 0x2ed7ffecu, 0x4b9132aau, 0x4d59a06cu, 0x6c1b0ad2u, 0xc1b0d112u, 0xc630d38eu, 0xd71327e0u}},
    {"a", 3, 6, 1, {0x8c9cd1f0u}},
    {"\346\227\245\346\234\254\350\252\236", 2, 3, 7, {0x125c3fe7u, 0x2c73486fu, 0x789b203fu, 0x990b99f3u, 0xb3ee99bbu, 0xddfec21fu, 0xf8378251u}},
    {"\360\237\230\200x", 2, 5, 6, {0x1363133bu, 0x1d3eae50u, 0x55c01d30u, 0x77ac972au, 0xac526c2eu, 0xacabb7a2u}},
};
static const char *const golden_lines[] = {
    "__label__b the cat saw the na\303\257ve dog",
    "the dog ran __label__a and __label__b ran",
    "a bird saw the cat __label__a the end",
    "__label__c dog dog dog",
};
static const struct golden_entry golden_entries_1[] = { /* by falling count, as fastText has them */
    {"the", 5, false},
    {"dog", 5, false},
    {"</s>", 4, false},
    {"cat", 2, false},
    {"saw", 2, false},
    {"ran", 2, false},
    {"na\303\257ve", 1, false},
    {"and", 1, false},
    {"a", 1, false},
    {"bird", 1, false},
    {"end", 1, false},
    {"__label__b", 2, true},
    {"__label__a", 2, true},
    {"__label__c", 1, true},
};
static const struct golden_entry golden_entries_2[] = { /* by falling count, as fastText has them */
    {"the", 5, false},
    {"dog", 5, false},
    {"</s>", 4, false},
    {"cat", 2, false},
    {"saw", 2, false},
    {"ran", 2, false},
    {"__label__b", 2, true},
    {"__label__a", 2, true},
    {"__label__c", 1, true},
};
static const struct golden_gram { const char *words[4]; unsigned long long hash; } golden_grams[] = {
    {{"the", "cat"}, 0xfdf2b2e9d3ae45fbu},
    {{"the", "cat", "saw"}, 0x06fe90dce27a9923u},
    {{"dog", "</s>"}, 0xff4efc638ce8370cu},
    {{"na\303\257ve", "\316\232\316\261\316\273\316\267\316\274\316\255\317\201\316\261"}, 0xfe9fd931ec4c3ff3u},
    {{"linux", "na\303\257ve", "</s>", "a"}, 0x866398326431f239u},
};
// clang-format on
