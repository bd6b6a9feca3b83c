#include "engine/data/made_lexicon.h"

const char *const lexicon_topic[LEXICON_TOPICS] = {
    "music", "kitchen", "weather", "sea",   "garden",  "body",   "money",   "school", "football",  "animals",
    "birds", "rail",    "space",   "house", "clothes", "health", "farming", "law",    "computers", "tools",
};

/* clang-format off */
const char *const lexicon_noun[LEXICON_TOPICS][LEXICON_NOUNS] = {
    {"guitar", "drum", "violin", "piano", "flute", "trumpet", "choir", "melody", "rhythm", "chord", "concert", "singer",
     "opera", "ballad", "cello", "harp", "organ", "band", "tune", "lyric", "stage", "album", "encore", "tempo"},
    {"pan", "oven", "kettle", "spoon", "fork", "recipe", "butter", "flour", "sugar", "salt", "pepper", "soup",
     "bread", "cheese", "sauce", "dough", "bowl", "plate", "stove", "cake", "pie", "onion", "garlic", "rice"},
    {"rain", "snow", "wind", "storm", "cloud", "thunder", "frost", "hail", "fog", "sunshine", "drizzle", "breeze",
     "forecast", "humidity", "rainbow", "gale", "heat", "ice", "lightning", "mist", "climate", "season", "blizzard",
     "drought"},
    {"ship", "sail", "anchor", "harbour", "wave", "tide", "captain", "sailor", "island", "beach", "reef", "coral",
     "lighthouse", "pirate", "deck", "mast", "voyage", "shore", "boat", "ocean", "net", "oar", "port", "gulf"},
    {"rose", "tulip", "daisy", "lawn", "hedge", "soil", "seed", "root", "leaf", "petal", "branch", "bush",
     "compost", "spade", "rake", "fence", "orchid", "lily", "moss", "fern", "ivy", "pond", "greenhouse", "weed"},
    {"arm", "leg", "hand", "foot", "finger", "elbow", "knee", "shoulder", "neck", "chin", "nose", "ear",
     "eye", "mouth", "tongue", "tooth", "heart", "lung", "bone", "muscle", "skin", "brain", "wrist", "ankle"},
    {"bank", "coin", "loan", "credit", "debt", "profit", "budget", "salary", "tax", "stock", "bond", "market",
     "price", "invoice", "wallet", "savings", "interest", "dollar", "euro", "trade", "fund", "share", "cheque", "cash"},
    {"teacher", "pupil", "lesson", "classroom", "homework", "exam", "grade", "pencil", "notebook", "chalk", "desk",
     "library", "essay", "textbook", "student", "professor", "lecture", "diploma", "campus", "spelling", "geometry",
     "grammar", "quiz", "ruler"},
    {"goal", "keeper", "striker", "referee", "stadium", "penalty", "league", "coach", "pitch", "corner", "whistle",
     "team", "match", "score", "tackle", "header", "trophy", "defender", "midfielder", "fan", "jersey", "kickoff",
     "offside", "tournament"},
    {"dog", "cat", "horse", "rabbit", "fox", "wolf", "bear", "deer", "lion", "tiger", "elephant", "giraffe",
     "monkey", "zebra", "mouse", "squirrel", "otter", "badger", "hedgehog", "camel", "leopard", "kangaroo", "panda",
     "beaver"},
    {"eagle", "hawk", "owl", "sparrow", "robin", "swallow", "heron", "swan", "raven", "crow", "pigeon", "parrot",
     "falcon", "finch", "gull", "pelican", "stork", "woodpecker", "nest", "feather", "wing", "beak", "egg", "flock"},
    {"train", "station", "platform", "ticket", "carriage", "locomotive", "track", "signal", "conductor", "tunnel",
     "timetable", "passenger", "freight", "wagon", "buffer", "junction", "viaduct", "sleeper", "guard", "express",
     "departure", "arrival", "terminus", "engine"},
    {"planet", "star", "moon", "comet", "asteroid", "galaxy", "orbit", "rocket", "astronaut", "telescope", "satellite",
     "gravity", "crater", "nebula", "eclipse", "meteor", "probe", "launch", "capsule", "cosmos", "mars", "venus",
     "saturn", "jupiter"},
    {"door", "window", "roof", "wall", "floor", "ceiling", "chimney", "stairs", "cellar", "attic", "bedroom",
     "bathroom", "sofa", "chair", "table", "lamp", "carpet", "curtain", "mirror", "shelf", "pillow", "blanket",
     "cupboard", "balcony"},
    {"shirt", "trousers", "skirt", "dress", "coat", "jacket", "hat", "scarf", "glove", "sock", "shoe", "boot",
     "belt", "button", "collar", "sleeve", "pocket", "sweater", "blouse", "tie", "zipper", "fabric", "wool", "silk"},
    {"doctor", "nurse", "hospital", "patient", "fever", "cough", "medicine", "pill", "vaccine", "surgeon", "clinic",
     "bandage", "wound", "infection", "virus", "allergy", "diagnosis", "symptom", "therapy", "pulse", "ambulance",
     "dentist", "pharmacy", "injury"},
    {"farmer", "barn", "tractor", "plough", "wheat", "barley", "harvest", "cow", "sheep", "goat", "pig", "hen",
     "hay", "meadow", "field", "orchard", "stable", "shepherd", "milk", "corn", "oats", "pasture", "silo", "cattle"},
    {"judge", "court", "lawyer", "jury", "verdict", "trial", "witness", "sentence", "prison", "crime", "evidence",
     "appeal", "statute", "contract", "clause", "plaintiff", "defendant", "testimony", "warrant", "bail", "oath",
     "lawsuit", "prosecutor", "justice"},
    {"keyboard", "screen", "server", "software", "network", "browser", "password", "printer", "laptop", "processor",
     "memory", "database", "compiler", "algorithm", "website", "email", "router", "cursor", "folder", "backup",
     "bug", "pixel", "robot", "chip"},
    {"hammer", "nail", "saw", "drill", "screw", "wrench", "pliers", "chisel", "ladder", "bolt", "hinge", "plank",
     "sandpaper", "glue", "paint", "brush", "axe", "file", "clamp", "workbench", "toolbox", "lathe", "anvil", "rivet"},
};
/* clang-format on */

const char *const lexicon_small[LEXICON_SMALL] = {
    "the",    "a",      "this",   "that",    "these",  "those",   "my",    "your",  "his",     "her",
    "our",    "their",  "some",   "any",     "each",   "every",   "no",    "all",   "both",    "another",
    "of",     "in",     "on",     "at",      "by",     "for",     "with",  "from",  "to",      "into",
    "over",   "under",  "about",  "after",   "before", "between", "near",  "past",  "beside",  "through",
    "and",    "or",     "but",    "so",      "then",   "when",    "while", "where", "because", "if",
    "almost", "rather", "always", "perhaps", "only",   "still",   "again", "soon",  "there",   "here",
};

const char *const lexicon_opinion[2][LEXICON_OPINIONS] = {
    {"bad",      "awful", "terrible", "boring", "poor",   "horrible", "dull",    "ugly",   "nasty", "weak",
     "dreadful", "sad",   "annoying", "lousy",  "bitter", "grim",     "tedious", "shabby", "rude",  "gloomy"},
    {"good",     "great",  "lovely",  "superb",   "fine",     "excellent",  "brilliant",
     "charming", "happy",  "fresh",   "splendid", "pleasant", "delightful", "clever",
     "sweet",    "bright", "perfect", "gentle",   "funny",    "wonderful"},
};
