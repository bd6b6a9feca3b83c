/* Made by tests/reference/made_text.py: FNV-1a over the lines of each part, words apart by blanks. */
static const struct {
    const char *recipe;
    uint64_t seed, parts[3];
} golden[] = {
    {"planted_words:n=300", 1u, {0x9EBFB5BF2D3FBAB1u, 0xCBF29CE484222325u, 0xCBF29CE484222325u}},
    {"planted_words:n=300", 18446744073709551615u, {0x755C31CF54F3D46Eu, 0xCBF29CE484222325u, 0xCBF29CE484222325u}},
    {"planted_words:n=300,labels=1,topics=7,stray=0.4,length=3", 1u, {0x28C19E2BC69D8F8Fu, 0x5AE74CD36A13ADA8u, 0xC6708DA555897AD1u}},
    {"planted_words:n=300,labels=1,topics=7,stray=0.4,length=3", 18446744073709551615u, {0x60BE59238D536C42u, 0xA82CA8C6E3AC5DDDu, 0x467443C6138D12E8u}},
    {"planted_words:n=300,scramble=1", 1u, {0x4E8AAF69B6156BCFu, 0xCBF29CE484222325u, 0xCBF29CE484222325u}},
    {"planted_words:n=300,scramble=1", 18446744073709551615u, {0xCCF32E9F29463FFCu, 0xCBF29CE484222325u, 0xCBF29CE484222325u}},
    {"opinion_text:n=300", 1u, {0xC18CE949C34527ABu, 0xBF5C0548E3C44088u, 0x03D730CE504009A9u}},
    {"opinion_text:n=300", 18446744073709551615u, {0xA0E1DD34A388393Bu, 0x7979083412E0B5FEu, 0x5C42C5AF761DADE6u}},
    {"opinion_text:n=300,length=7,not=0.7,adjacent=0.4,noise=0.2,test_length=30", 1u, {0xE527AC1E55EE7EA8u, 0x25E348A0A70A99E7u, 0xCE3F1EA43996190Du}},
    {"opinion_text:n=300,length=7,not=0.7,adjacent=0.4,noise=0.2,test_length=30", 18446744073709551615u, {0x30FD0490676CB3D5u, 0x28B63B7CE6C10275u, 0x3DE5AD1CCB8B4E7Cu}},
};
