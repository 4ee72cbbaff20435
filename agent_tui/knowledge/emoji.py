"""Emoji by name: Chinese, its pinyin, English."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from agent_tui.knowledge.spelling import spelling

# An emoji, then its names; the first Chinese one is the one that is shown.
_TABLE = """
😊 微笑 开心 smile blush
😀 大笑 高兴 grin
😄 哈哈 laugh happy
😂 笑哭 joy
🤣 笑翻 rofl
😉 眨眼 wink
😍 喜欢 花痴 heart_eyes
🥰 爱心脸 adore
😘 飞吻 kiss
😋 好吃 yum
😎 酷 墨镜 cool
🤗 拥抱 抱抱 hug
🤔 思考 想想 thinking
🤝 握手 合作 handshake
😅 汗 尴尬 sweat
😌 安心 relieved
😴 睡觉 晚安 sleep
🥱 困 yawn
😐 平静 neutral
🙄 白眼 rolling_eyes
😏 坏笑 smirk
😒 无语 unamused
😔 失落 抱歉 pensive
😟 担心 worried
😢 难过 cry
😭 大哭 sob
😤 哼 huff
😡 生气 angry
🤯 震惊 mind_blown
😱 害怕 scream
😳 脸红 flushed
🥺 拜托 可怜 pleading
😇 天使 angel
🤩 惊艳 星星眼 starstruck
🥳 庆祝 派对 partying
🤫 嘘 保密 shush
🤭 捂嘴 偷笑 giggle
🤦 捂脸 facepalm
🤷 耸肩 shrug
🙈 捂眼 monkey
🙏 谢谢 感谢 祈祷 thanks pray please
👍 赞 好的 点赞 thumbs_up ok_good
👎 踩 thumbs_down
👌 没问题 ok
👏 鼓掌 clap
🙌 举手 太好了 hooray
💪 加油 强壮 strong muscle
👋 你好 挥手 再见 wave hello bye
✌️ 胜利 耶 victory
🤞 好运 fingers_crossed
🫶 比心 heart_hands
👉 看这里 右边 point_right
👈 左边 point_left
👆 上面 point_up
👇 下面 point_down
✍️ 写字 记录 writing
👀 看看 eyes
🙋 举手提问 raising_hand
🙇 鞠躬 对不起 bow sorry
❤️ 红心 爱心 heart love
🧡 橙心 orange_heart
💛 黄心 yellow_heart
💚 绿心 green_heart
💙 蓝心 blue_heart
💜 紫心 purple_heart
🖤 黑心 black_heart
💔 心碎 broken_heart
💕 两颗心 two_hearts
💖 闪亮心 sparkling_heart
💗 心跳 growing_heart
💝 礼心 gift_heart
💯 满分 hundred
✨ 闪亮 星光 sparkles
⭐ 星星 五星 star
🌟 闪星 glowing_star
🔥 火 热卖 fire hot
💥 爆 boom
💢 怒 anger
💦 水滴 sweat_drops
💤 睡着 zzz
💬 消息 speech chat
💭 想法 thought
🎉 庆贺 恭喜 tada congrats
🎊 彩球 confetti
🎁 礼物 赠品 gift present
🎀 蝴蝶结 ribbon
🎈 气球 balloon
🎂 生日 蛋糕 birthday cake
🏆 奖杯 trophy
🥇 金牌 gold_medal
🎯 目标 target dart
🎮 游戏 game
🎵 音乐 music
📦 包裹 快递 package parcel box
🚚 卡车 发货 truck delivery
🚛 货车 lorry
✈️ 飞机 空运 plane
🚢 轮船 海运 ship
🚗 汽车 car
🏠 家 home house
🏪 店铺 shop store
🏭 工厂 factory
📍 位置 地址 pin location
🗺️ 地图 map
📞 电话 phone call
📱 手机 mobile
💻 电脑 laptop computer
⌨️ 键盘 keyboard
📷 相机 照片 camera photo
🎥 视频 video
🔋 电池 battery
🔌 插头 plug
💡 提示 灯泡 主意 bulb tip idea
🔧 维修 扳手 wrench repair
🔨 锤子 hammer
🛠️ 工具 tools
⚙️ 设置 gear settings
🔗 链接 link
🔒 锁 安全 lock secure
🔑 钥匙 key
🔍 搜索 查找 search find
📝 备注 笔记 memo note
📋 清单 clipboard list
📄 文件 document page
📖 说明书 书 book manual
📅 日期 日历 calendar date
📊 图表 数据 chart
📈 上涨 up_trend
📉 下跌 down_trend
📌 图钉 置顶 pushpin
📎 附件 paperclip attachment
✂️ 剪刀 scissors
🗑️ 垃圾桶 trash
📧 邮件 email mail
📮 邮筒 postbox
🔔 铃 提醒 bell reminder
📢 通知 喇叭 loudspeaker announcement
⏰ 闹钟 alarm
⏳ 沙漏 等待 hourglass wait
⌛ 时间到 time_up
🕐 时间 钟 clock time
💰 钱袋 money
💵 现金 cash dollar
💳 银行卡 支付 card pay
🧾 发票 小票 receipt invoice
🏷️ 标签 价格 tag price
🛒 购物车 cart
🛍️ 购物 袋子 shopping bags
👕 衣服 上衣 shirt
👗 裙子 dress
👖 裤子 jeans
👟 鞋 运动鞋 shoe
👜 包 handbag
💄 口红 lipstick
💍 戒指 ring
👶 宝宝 baby
👩 女士 woman
👨 男士 man
👪 家庭 family
🐶 狗 dog
🐱 猫 cat
🌸 樱花 花 blossom flower
🌹 玫瑰 rose
🌱 嫩芽 环保 seedling
🌿 草本 herb
🍀 幸运 四叶草 clover luck
☀️ 太阳 晴 sun
🌙 月亮 moon
☁️ 云 cloud
🌧️ 下雨 rain
❄️ 雪花 冷 snow cold
🌈 彩虹 rainbow
☕ 咖啡 coffee
🍵 茶 tea
🍎 苹果 apple
🍜 面条 noodles
🍰 甜点 dessert
🧊 冰 ice
🤰 孕妈 pregnant
🧴 护肤 乳液 lotion
🧼 肥皂 清洗 soap wash
🧺 洗衣 basket laundry
🛏️ 床 bed
🪑 椅子 chair
✅ 完成 对勾 check done yes
☑️ 已选 checked
✓ 勾 tick
❌ 错误 叉 cross no wrong
⭕ 圆圈 正确 circle
⚠️ 警告 注意 warning attention
🚫 禁止 forbidden
❓ 问号 疑问 question
❗ 感叹号 重要 exclamation important
➡️ 箭头 arrow_right
⬅️ 左箭头 arrow_left
⬆️ 上箭头 arrow_up
⬇️ 下箭头 arrow_down
🔄 换货 刷新 循环 exchange refresh
↩️ 退货 返回 return back
♻️ 回收 recycle
🆕 新品 new
🆓 免费 free
🆗 可以 okay
🔝 顶部 top
🎓 毕业 学习 graduate
🏥 医院 hospital
💊 药 pill
🩹 创可贴 bandage
🌍 地球 国际 globe world
🇨🇳 中国 china
"""


class Emoji(NamedTuple):
    """An emoji, and the name by which it was found."""

    emoji: str
    name: str


@cache
def _names() -> tuple[tuple[str, str, Emoji], ...]:
    """(name as typed, its first letters in pinyin, what it is)."""
    spell = spelling()
    found: list[tuple[str, str, Emoji]] = []
    for line in _TABLE.strip().splitlines():
        emoji, *names = line.split()
        for name in names:
            meant = Emoji(emoji, name)
            found.append((name, "", meant))
            syllables = () if name.isascii() else spell.pinyin(name)
            if syllables:
                initials = "".join(syllable[0] for syllable in syllables)
                found.append(("".join(syllables), initials, meant))
    return tuple(found)


def named(typed: str, limit: int = 5) -> list[Emoji]:
    """The emoji whose names begin with `typed` (Chinese, pinyin, its initials, English), the
    shortest name first."""
    typed = typed.lower()
    best: dict[str, tuple[int, int, Emoji]] = {}
    for place, (name, initials, meant) in enumerate(_names()):
        if name.startswith(typed) or (len(typed) > 1 and initials == typed):
            key = (abs(len(name) - len(typed)) if name.startswith(typed) else 50, place, meant)
            best[meant.emoji] = min(best.get(meant.emoji, key), key)
    return [meant for _, _, meant in sorted(best.values())[:limit]]
