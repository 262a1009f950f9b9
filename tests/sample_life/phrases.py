"""A small stock of words in several languages and scripts, and the sentences made of them."""

from tests.sample_life.chance import Chance

_THINGS = (
    "the old radio",
    "our community garden",
    "the tide table",
    "my sourdough",
    "this week's reading group",
    "the neighbour's telescope",
    "a secondhand synthesizer",
    "the bridge over the canal",
    "the harbour map from 1912",
    "a relay on a tiny computer",
    "the bicycle with the bent wheel",
    "the backup of last winter",
    "a cat that is not ours",
    "the new homeserver",
    "an hour of field recordings",
    "the apple tree behind the shed",
)
_DOINGS = (
    "finally works",
    "needs more patience than I have",
    "made me laugh twice today",
    "is worth a longer walk",
    "taught me something about waiting",
    "went better than planned",
    "smells of rain and solder",
    "is on the list for Sunday",
    "survived the move",
    "deserves a second look",
    "came back without a scratch",
    "turned out to be older than the house",
)
_ASIDES = (
    "Pictures tomorrow.",
    "Ask me again in a month.",
    "Bring gloves.",
    "I keep the notes in my own folder.",
    "Who else has tried this?",
    "No app was harmed.",
    "The manual was wrong, as usual.",
    "It took eleven screws and one sandwich.",
    "More of that, please!",
    "I will write it up properly.",
    "Thanks to everybody who helped.",
    "Still not sure why.",
)
_ELSEWHERE = (
    "Heute blühen die Äpfel, und die Grüße aus Köln sind angekommen. 🍎",
    "Der Zug hatte Verspätung, dafür war das Licht über dem Fluss unbezahlbar.",
    "Wer kommt am Samstag zum Tauschmarkt? Saatgut liegt bereit.",
    "Hoy llovió toda la mañana; el huerto lo agradece y yo también.",
    "¿Alguien sabe reparar una radio de válvulas? Pago con mermelada.",
    "Ce soir, lecture au bord du canal. Apportez une chaise et une lampe.",
    "J'ai retrouvé la carte du port, un peu mouillée mais lisible.",
    "Il pane di ieri è venuto benissimo, quello di oggi un po' meno.",
    "Amanhã tem feira de trocas na praça, às dez em ponto.",
    "Vandaag de dijk op: wind tegen, wind mee, koffie toe.",
    "Dziś pierwszy raz słyszałam żurawie nad kanałem.",
    "Bugün bahçede domates topladık, komşuya da bıraktık.",
    "Сегодня починили старый приёмник: слышно половину мира.",
    "Завтра идём смотреть на звёзды, если не будет облаков.",
    "Σήμερα η θάλασσα ήταν ήσυχη και το ψωμί ζεστό.",
    "庭のトマトが赤くなりました。明日は雨だそうです。",
    "古いラジオから知らない国の歌が聞こえてきた。",
    "今天修好了旧收音机，听到了很远的海浪声。",
    "週末一起去看潮水嗎？記得帶雨衣。",
    "오늘은 운하 옆에서 책을 읽었어요. 바람이 참 좋았습니다.",
    "اليوم أصلحنا المذياع القديم، وسمعنا أغنية من بعيد.",
    "غدًا سوق التبادل في الساحة، أهلًا بالجميع.",
    "היום פרחו השקדיות ליד התחנה, והשכנים יצאו לצלם.",
    "आज बगीचे में पहली मिर्च दिखी, शाम को चाय पर मिलते हैं।",
    "คืนนี้ฟ้าใส เห็นดาวเต็มไปหมด",
    "Hôm nay trời mát, cả nhà ra vườn hái rau.",
    "🌧️🌱🌞",
    "👩‍🌾👨🏽‍🌾 Equipo de la huerta, ¡qué día!",
)
_REACTIONS = (
    "That is exactly how it was here, too.",
    "Yes! Which frequency?",
    "I would have used the other screwdriver.",
    "Lovely. Save me a slice.",
    "Kannst du das noch einmal langsam erklären?",
    "Totalmente de acuerdo.",
    "Спасибо, это очень помогло!",
    "それは知りませんでした。ありがとう！",
    "Not on my machine, but close.",
    "Counting the days.",
    "Same here, only with more mud.",
    "😂😂",
)
_TITLES = (
    "What the garden taught me about backups",
    "A short history of our canal",
    "Listening to shortwave on a rainy night",
    "How we moved a library by bicycle",
    "Bread, water, salt, patience",
    "Notes on living with a small server",
    "The map, the tide and the missing pier",
    "Ein Sommer ohne Telefon",
)
_COLLECTIONS = (
    "Best of the garden",
    "Radio nights",
    "Things that work",
    "Long walks",
    "Read later, really",
    "Harbour and tide",
    "Made with flour",
    "People to listen to",
)
_LABELS = (
    "garden radio pubky photo maps bread canal tide bitcoin rust python music books bicycle winter "
    "harbour diy stars rain opensource cats walking privacy solder fieldrecording archive tomatoes "
    "ocean homeserver reading köln météo сад 庭 日記 bahçe mañana repair library sunday lantern "
    "recipes birds night trains coffee weather neighbours history longread todo funny "
    "thank-you ✨ compost seeds knots lighthouse moss clay"
)
LABELS = tuple(_LABELS.split())
"""Labels in the order of how often they are used."""

HASHTAGS = ("#garden", "#radio", "#pubky", "#maps", "#Köln", "#日記")


def sentence(chance: Chance) -> str:
    """Something that one would say in passing, in one of many languages."""
    if chance.happens(28):
        return chance.pick(_ELSEWHERE)
    said = f"{chance.pick(_THINGS)} {chance.pick(_DOINGS)}."
    said = said[0].upper() + said[1:]
    if chance.happens(55):
        said += f" {chance.pick(_ASIDES)}"
    if chance.happens(20):
        said += f" {chance.pick(HASHTAGS)}"
    return said


def reaction(chance: Chance) -> str:
    """What one answers."""
    said = chance.pick(_REACTIONS)
    return f"{said} {sentence(chance)}" if chance.happens(35) else said


def title(chance: Chance) -> str:
    """The title of an article."""
    return chance.pick(_TITLES)


def collection_name(chance: Chance) -> str:
    """What a collection is called."""
    return chance.pick(_COLLECTIONS)


def article(chance: Chance) -> str:
    """Some paragraphs in the Markdown that clients show."""
    parts = []
    for number in range(chance.between(3, 9)):
        if number and chance.happens(30):
            parts.append(f"## {chance.pick(_THINGS).capitalize()}")
        if chance.happens(15):
            parts.append("\n".join(f"- {chance.pick(_THINGS)}" for _ in range(4)))
        parts.append(" ".join(sentence(chance) for _ in range(chance.between(3, 8))))
    return "\n\n".join(parts)
