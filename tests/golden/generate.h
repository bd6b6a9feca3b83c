/* Made by tests/reference/generate.py: FNV-1a over the float32 features, then the labels, of each part. */
static const struct {
    const char *recipe;
    uint64_t seed, train, validation, test;
} golden[] = {
    {"gauss2:n=60,noise=0.3", 1u, 0xFCC37E078108E322u, 0xBF15FC0E0976221Cu, 0x58120F88067F1C73u},
    {"gauss2:n=60,noise=0.3", 18446744073709551615u, 0xBC1B0B3C030E0F82u, 0x1FDA956C298678C7u, 0xB7E9EF0E08CDEFBAu},
    {"xor2:n=60", 1u, 0xEBA2D77CFA49D207u, 0xEBD4409BA0C33D65u, 0xB39D112A5CF5F65Du},
    {"xor2:n=60", 18446744073709551615u, 0x17E23B56D4BA9FC6u, 0x5AABF4C23A4CAA24u, 0x8EE8ECFB62D0F532u},
    {"moons2:n=60,noise=0.2", 1u, 0x9F1E07104B6BBBBBu, 0xE35E7DB926AAC9EAu, 0x61F1C9D7E5784161u},
    {"moons2:n=60,noise=0.2", 18446744073709551615u, 0x50F0CC1FA19F4FE0u, 0x0B89ED9A7A7F0FBFu, 0x002C801AD1F285CEu},
    {"gauss_mix:n=60,d=3,classes=5,spread=2,skew=0.6", 1u, 0x3B27B476B6C1185Du, 0x003ED9675302E225u,
     0x1C0B5FC40525A23Cu},
    {"gauss_mix:n=60,d=3,classes=5,spread=2,skew=0.6", 18446744073709551615u, 0x8A49DB3EBDC36988u, 0xFE73D82DC7D67536u,
     0x4E6DB2D17CF5770Fu},
    {"logit_lin:n=60,d=4,strength=3", 1u, 0x7DFEDAE3D59C0DBCu, 0xC70FB241BEA9558Eu, 0xE5AD64E76D8B2BFEu},
    {"logit_lin:n=60,d=4,strength=3", 18446744073709551615u, 0x9B8FC9CEB58B36DCu, 0x7EAA325FB8BDE25Bu,
     0x8D271BC69C77858Eu},
    {"scaled_lin:n=60,d=4,low=-2,high=3", 1u, 0x5487217EF41D6AB2u, 0x110ABB67F88003D6u, 0xC36131E41482A26Au},
    {"scaled_lin:n=60,d=4,low=-2,high=3", 18446744073709551615u, 0xAD315D55197543D0u, 0x765658CE47722F8Eu,
     0x327B4BB13FEE1F59u},
    {"gauss_lin:n=60,d=3,noise=0.25", 1u, 0x389D7B88549B54AAu, 0xF29A321F3DC94BC5u, 0xE1573B2847EA1A52u},
    {"gauss_lin:n=60,d=3,noise=0.25", 18446744073709551615u, 0x0EC43DF5EEFB6CC1u, 0x52A595187FAC0895u,
     0x43FD05A5E98C4A00u},
    {"line1:n=60", 1u, 0x6BD1C1185E2765B2u, 0x878FC568A66EA5A7u, 0xDB2B79E5B6EE43EDu},
    {"line1:n=60", 18446744073709551615u, 0xA3E024C67F93C208u, 0xD21BEEAD88C03FA4u, 0x27C9925950DA4035u},
};

/* Seed 42, stream 7: eight numbers, then eight normal ones, exactly. */
static const uint64_t golden_next[] = {0x62737C38A122F17Bu, 0xEA6EBB82A9BA9DAFu, 0xD441CA1AF7A73D34u,
                                       0x98876492B1A0996Au, 0x333A6A0AB3AF5C48u, 0xA0AF18143383CB10u,
                                       0x6C8C1803D1A986EFu, 0x16ABD7A04327A328u};
static const double golden_normal[] = {0x1.92d8dead00e37p+0,  0x1.d74f37f1716c7p-1,  0x1.7c4baf3705ca2p+0,
                                       0x1.5e5b2fa5a4119p+0,  -0x1.6bd17a2a9aa46p-3, -0x1.985cfbf6592ebp-2,
                                       -0x1.feaaa49eafed9p-2, -0x1.d2ef1863079efp-2};
/* State 1, 2, 3, 4. */
static const uint64_t golden_state[] = {
    11520u, 0u, 1509978240u, 1215971899390074240u, 1216172134540287360u, 607988272756665600u};
