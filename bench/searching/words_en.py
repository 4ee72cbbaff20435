"""English words and patterns that shop titles are made of. `{x}` draws from `SLOTS["x"]`."""

from __future__ import annotations

_WORDS = {
    "product": (
        "down jacket,rain jacket,summer dress,jeans,hoodie,linen shirt,cardigan,blazer,"
        "yoga pants,sports bra,pyjamas,thermal underwear,socks,baby romper,school uniform,"
        "running shoes,hiking boots,canvas sneakers,sandals,slippers,backpack,suitcase,"
        "crossbody bag,wallet,belt,scarf,gloves,sunglasses,umbrella,wristwatch,necklace,"
        "bracelet,earrings,lipstick,foundation,mascara,makeup remover,face wash,sheet mask,"
        "serum,sunscreen,body lotion,shampoo,conditioner,electric toothbrush,shaver,"
        "hair dryer,curling iron,perfume,diapers,baby bottle,stroller,car seat,"
        "building blocks,plush toy,jigsaw puzzle,rice cooker,air fryer,blender,kettle,"
        "espresso machine,microwave,frying pan,kitchen knife,cutting board,thermos,lunch box,"
        "dinner set,robot vacuum,floor washer,air purifier,humidifier,dehumidifier,desk fan,"
        "heater,air conditioner,refrigerator,washing machine,water heater,water filter,"
        "gas stove,projector,television,soundbar,wireless earbuds,headphones,microphone,"
        "phone,tablet,laptop,monitor,mechanical keyboard,wireless mouse,external drive,"
        "power bank,charger,charging cable,phone case,screen protector,router,"
        "security camera,smart lock,smart watch,fitness band,camera lens,tripod,drone,"
        "printer,ink cartridge,mattress,pillow,duvet,bedding set,curtains,carpet,sofa,desk,"
        "office chair,wardrobe,bookshelf,table lamp,ceiling light,shower head,towel,"
        "storage box,drying rack,laundry liquid,dog food,cat litter,pet bed,leash,aquarium,"
        "house plant,fresh crab,salmon,cherries,mangoes,birthday cake,gift hamper,green tea,"
        "honey,red wine,yogurt,vitamins,protein powder,yoga mat,dumbbells,treadmill,tent,"
        "sleeping bag,fishing rod,bicycle,scooter,helmet,dash cam,floor mats,tyres,"
        "engine oil,toolbox,cordless drill,wall paint,tiles,fountain pen,notebook,easel,"
        "guitar,keyboard piano,picture book,gift card,travel SIM"
    ),
    "make": (
        "Quinhe,Nanyu,Shanlan,Muye,Cloudwalk,Egret,Northriver,Xiaoman,Lanshe,Plainwood,"
        "Tideline,Warmorange,Starfield,Wheatland,Lightfeather,Snowpine,Longwind,Graphite,"
        "Seablue,Deercall,Firstlight,Pinecone,Farhill,Goodsleep,Littlewhale,Oakyard"
    ),
    "modifier": (
        "thick,lightweight,plus size,kids,mens,womens,matching,custom,portable,folding,mini,"
        "commercial,outdoor,waterproof,silent,rechargeable,upgraded,discontinued,"
        "limited edition,gift boxed,sample size,family size,pre-owned,imported,cotton,"
        "leather,stainless,ceramic,white,black,navy,pink,beige,size S,size M,size XL,500 ml,"
        "256 GB,1.5 m"
    ),
    "action": (
        "returning,exchanging,refunding,resending,repairing,cancelling,expediting,re-routing,"
        "collecting,trading in,price matching,insuring,gift wrapping,splitting,combining,"
        "reporting,replacing,registering,activating,upgrading"
    ),
    "topic": (
        "return shipping,freight insurance,invoice,sales tax,deposit,balance payment,"
        "price gap,coupon,loyalty points,member price,free gift,spare parts,user manual,"
        "warranty card,packaging,size chart,material,ingredients,expiry date,stock level,"
        "dispatch time,tracking number,signature,installation fee,free delivery threshold,"
        "bundle discount,store credit,service charge,inspection report,serial number,"
        "return address"
    ),
    "trouble": (
        "arrived broken,leaks,loses colour,pills,smells odd,shrank,is scratched,"
        "misses a part,was sent twice,was never sent,is the wrong item,is deformed,rusts,"
        "does not charge,turns itself off,loses wifi,is too loud,drips water,does not cool,"
        "heats slowly,flickers,has a stuck button,has a broken zip,causes a rash,went bad,"
        "melted,runs small,runs large,looks different,seems fake,cannot be activated,"
        "fails to update"
    ),
    "condition": (
        "within seven days,after fifteen days,unopened,already opened,without tags,"
        "after washing,without the box,without an invoice,during the sale,after a price drop,"
        "on pre-order,over the new year,on a public holiday,ordered at night,paid by points,"
        "paid in instalments,bought by a company,in bulk,shipped from abroad,"
        "from the bonded warehouse,signed by a neighbour,left in a locker,"
        "with a wrong address,outside the delivery area,in a storm,on a first order,"
        "under warranty,out of warranty,damaged by the customer,repaired before"
    ),
    "region": (
        "Beijing,Shanghai,Guangzhou,Hong Kong,Macau,Taiwan,Tibet,Xinjiang,Hainan,Japan,Korea,"
        "Singapore,Malaysia,Thailand,Vietnam,the United States,Canada,the United Kingdom,"
        "Germany,France,Spain,Italy,Poland,Australia,New Zealand,Brazil,Mexico,remote areas"
    ),
    "who": (
        "new customers,gold members,diamond members,companies,students,expecting mothers,"
        "resellers,partners,live stream buyers"
    ),
    "courier": "express,economy post,registered mail,air freight,sea freight",
    "bank": "card,bank transfer,wallet,gift card,voucher,cash on delivery",
    "paper": (
        "policy,procedure,checklist,step by step,common questions,reply script,"
        "compensation table,approval rules,escalation path,time limits,fees,exceptions,"
        "what to ask first"
    ),
    "care": (
        "cleaning guide,care instructions,assembly guide,setup guide,size advice,dimensions,"
        "material details,buying advice,storage tips,charging guide,pairing steps,"
        "firmware update,filter replacement,battery replacement,recommended age"
    ),
    "hours": "24,48,72,3,5,7,12",
    "days": "3,5,7,10,15,30,60,90",
    "money": "5,9.90,20,38,59,99,128,199,299,500",
    "percent": "5,10,15,20,30,50",
}
SLOTS = {name: tuple(words.split(",")) for name, words in _WORDS.items()}
PATTERNS: tuple[tuple[int, str], ...] = (
    (2, "{topic}| {paper}"),
    (2, "Who pays for| {topic}| {condition}"),
    (6, "{make}| {product}| {care}"),
    (7, "{modifier}| {product}| {trouble}"),
    (5, "What to do when the| {product}| {trouble}"),
    (6, "{action}| a| {product}| {condition}"),
    (4, "{action}| a| {modifier}| {product}| bought by| {bank}"),
    (4, "{product}| {topic}| {paper}"),
    (4, "{topic}| for| {product}| sent to| {region}"),
    (3, "{courier}| to| {region}|: |{topic}| and| {topic}"),
    (3, "{product}| {topic}| for| {who}"),
    (4, "Can I return| {product}| {condition}"),
    (3, "How long does| {action}| a| {product}| take"),
    (5, "{code}| {product}| {care}"),
    (4, "{code}| {modifier}| {product}| {trouble}"),
    (2, "{code}| {make}| recall notice"),
    (5, "Order| {order}| {product}| {trouble}"),
    (2, "Order| {order}| {topic}"),
    (3, "Difference between| {product}| and| {modifier}| {product}"),
    (3, "{percent} % off| {make}| {product}| over| {money}|: |{paper}"),
    (3, "{topic}| within| {hours} hours| of| {action}| a| {product}"),
)
QUESTIONS = (
    "my {product} {trouble}",
    "can I get a refund on a {product} {condition}",
    "do you ship {product} to {region}",
    "where do I find the {topic}",
    "is the {make} {product} available {modifier}",
    "bought a {product} {days} days ago and it {trouble}",
)
SENTENCES = (
    "When a customer says the {product} {trouble}, ask for the order number and two photos first. ",
    "For orders {condition} the shop pays the {topic}; note the reason on the order. ",
    "If {courier} has not moved for {hours} hours, call the depot and give the customer a date. ",
    "Requests from {who} are reviewed within {hours} hours, all others within two days. ",
    "Up to {money} may be promised at once; anything above needs a lead's approval. ",
    "Parcels to {region} cannot be changed after dispatch, so check the address before packing. ",
    "{make} gives {days} days on every {product}; the order itself is proof of purchase. ",
    "Never promise a day for money by {bank}: it usually takes {days} working days. ",
    "A {modifier} {product} is made to order and cannot be taken back once it is in production. ",
    "Offer {action} or a {topic}, whichever is quicker for the customer, and write down which. ",
    "Discounts of more than {percent} % do not add up with a {topic} unless the page says so. ",
)
CATEGORIES = (
    "Returns",
    "Delivery",
    "Invoices",
    "Payment",
    "Products",
    "Members",
    "Offers",
    "Complaints",
    "Setup",
    "Orders",
)
